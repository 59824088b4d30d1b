"""dressage runs list"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from dressage.cli.options import Output, complete_platform, open_engine, pairs_of
from dressage.results.statuses import State

if TYPE_CHECKING:
    from dressage.results.statuses import RunSummary

_DEFAULT_LIMIT = 20
_FIRST = ("RUN", "STATE")
_HERE = ("PLATFORM", "DURATION", "METRIC", "MODEL")
_ELSEWHERE = ("EXPERIMENT", "USER", "DURATION")


def list_runs(
    output: Output = "table",
    limit: Annotated[
        int | None,
        typer.Option(
            "-n",
            "--limit",
            metavar="N",
            help=f"Maximum number of runs; 0 lists all. Default: {_DEFAULT_LIMIT} in a table, all in JSON.",
            min=0,
        ),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            "--tag",
            "-t",
            metavar="NAME=VALUE",
            help="List only runs with this tag; if repeated, with all of them.",
        ),
    ] = None,
    experiment: Annotated[
        str | None, typer.Option("--experiment", metavar="NAME", help="List only runs of this experiment.")
    ] = None,
    state: Annotated[
        State | None, typer.Option("--state", help="List only runs that are in this state now.")
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="PLATFORM",
            help="List the runs of this platform.",
            autocompletion=complete_platform,
        ),
    ] = None,
) -> None:
    """List runs, newest first: those that are recorded here or, with --on, those of a platform.

    A platform that keeps the runs of other machines lists all of its runs, no matter who started them. The other
    commands take their ids, too.
    """
    from dressage.cli.display import say
    from dressage.cli.output import print_json, print_table, shorten_reason

    wanted: dict[str, Any] = {
        "tags": pairs_of(tag, "--tag"),
        "experiment": experiment,
        "state": state,
        "on": on,
    }
    if output == "json":
        return print_json(open_engine().runs(limit or None, **wanted))
    limit_used = _DEFAULT_LIMIT if limit is None else limit
    runs = open_engine().runs(limit_used + 1 if limit_used else None, **wanted)
    rows = [_row(run) for run in runs[: limit_used or None]]
    columns = (*_FIRST, *(_ELSEWHERE if on else _HERE), "NAME")
    print_table(columns, [[row[column] for column in columns] for row in rows])
    for run in runs:
        if run.has_leftover:
            say(
                f"the script of {run.run_id} is still running; end it with: dressage runs cancel {run.run_id}"
            )
        elif run.status.state == "Queued" and f"dressage resume {run.run_id}" in (run.status.reason or ""):
            say(f"run {run.run_id} does not start: {shorten_reason('Queued', run.status.reason)}")
    if len(runs) > len(rows):
        say("more runs exist; use -n 0 to list all")
    return None


def _row(run: "RunSummary") -> dict[str, str | None]:
    """Return the run's values by column."""
    from dressage.cli.output import duration_of, state_of

    return {
        "RUN": run.run_id,
        "STATE": state_of(run.status),
        "PLATFORM": run.platform,
        "EXPERIMENT": run.experiment,
        "USER": run.user,
        "DURATION": duration_of(run.status),
        "METRIC": _metric(run),
        "MODEL": run.model,
        "NAME": run.name,
    }


def _metric(run: "RunSummary") -> str | None:
    """Return the value of the primary metric; None if it has not been logged."""
    from dressage.cli.output import number_of

    value = run.metrics.get(run.metric or "")
    return None if value is None else number_of(value)
