"""dressage runs list"""

from typing import Annotated

import typer

from dressage.cli.options import As, engine

_SHOWN = 20


def list_runs(
    output: As = "table",
    limit: Annotated[
        int | None,
        typer.Option("-n", "--limit", help=f"At most so many, {_SHOWN} in a table; 0 for all.", min=0),
    ] = None,
) -> None:
    """List the runs, the newest first."""
    from dressage.cli.output import print_json, print_table, took
    from dressage.cli.telling import say

    if output == "json":
        return print_json(engine().runs(limit or None))
    most = _SHOWN if limit is None else limit
    runs = engine().runs(most + 1 if most else None)
    rows = [
        (run.run_id, run.status.state, run.platform, took(run.status), run.model, run.name)
        for run in runs[: most or None]
    ]
    print_table(("RUN", "STATE", "ON", "TOOK", "MODEL", "NAME"), rows)
    if len(runs) > len(rows):
        say("... and more; -n 0 shows all")
    return None
