"""dressage runs list"""

from typing import TYPE_CHECKING, Annotated

import typer

from dressage.cli.options import Output, open_engine, pairs_of

if TYPE_CHECKING:
    from dressage.results.statuses import RunSummary

_DEFAULT_LIMIT = 20


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
) -> None:
    """List runs, newest first."""
    from dressage.cli.display import say
    from dressage.cli.output import duration_of, print_json, print_table, shorten_reason, state_of

    tags = pairs_of(tag, "--tag")
    if output == "json":
        return print_json(open_engine().runs(limit or None, tags=tags))
    limit_used = _DEFAULT_LIMIT if limit is None else limit
    runs = open_engine().runs(limit_used + 1 if limit_used else None, tags=tags)
    rows = [
        (
            run.run_id,
            state_of(run.status),
            run.platform,
            duration_of(run.status),
            _metric(run),
            run.model,
            run.name,
        )
        for run in runs[: limit_used or None]
    ]
    print_table(("RUN", "STATE", "PLATFORM", "DURATION", "METRIC", "MODEL", "NAME"), rows)
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


def _metric(run: "RunSummary") -> str | None:
    """Return the value of the primary metric; None if it has not been logged."""
    from dressage.cli.output import number_of

    value = run.metrics.get(run.metric or "")
    return None if value is None else number_of(value)
