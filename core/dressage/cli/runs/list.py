"""dressage runs list"""

from typing import TYPE_CHECKING, Annotated

import typer

from dressage.cli.options import As, engine

if TYPE_CHECKING:
    from dressage.results.statuses import RunSummary

_SHOWN = 20


def list_runs(
    output: As = "table",
    limit: Annotated[
        int | None,
        typer.Option("-n", "--limit", help=f"At most so many, {_SHOWN} in a table; 0 for all.", min=0),
    ] = None,
) -> None:
    """List the runs, the newest first."""
    from dressage.cli.display import say
    from dressage.cli.output import print_json, print_table, took

    if output == "json":
        return print_json(engine().runs(limit or None))
    most = _SHOWN if limit is None else limit
    runs = engine().runs(most + 1 if most else None)
    rows = [
        (run.run_id, run.status.state, run.platform, took(run.status), _metric(run), run.model, run.name)
        for run in runs[: most or None]
    ]
    print_table(("RUN", "STATE", "ON", "TOOK", "METRIC", "MODEL", "NAME"), rows)
    if len(runs) > len(rows):
        say("... and more; -n 0 shows all")
    return None


def _metric(run: "RunSummary") -> str | None:
    """The value of the primary metric, once it is logged."""
    from dressage.cli.output import number_of

    value = run.metrics.get(run.metric or "")
    return None if value is None else number_of(value)
