"""dressage runs list"""

from typing import Annotated

import typer

from dressage.cli.options import As, engine


def list_runs(
    output: As = "table",
    limit: Annotated[int, typer.Option("-n", "--limit", help="At most so many; 0 for all.", min=0)] = 20,
) -> None:
    """List the runs, the newest first."""
    from dressage.cli.output import duration_of, print_json, print_table, time_of

    runs = engine().runs(limit or None)
    if output == "json":
        return print_json(runs)
    rows = [
        (
            run.run_id,
            run.status.state,
            run.platform,
            run.experiment,
            time_of(run.created),
            duration_of(run.status.started, run.status.ended),
            run.model,
            run.name,
        )
        for run in runs
    ]
    return print_table(("RUN", "STATE", "ON", "EXPERIMENT", "CREATED", "TOOK", "MODEL", "NAME"), rows)
