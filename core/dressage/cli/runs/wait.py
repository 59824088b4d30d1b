"""dressage runs wait"""

from typing import Annotated

import typer

from dressage.cli.options import OnElsewhere, Output, RunId, open_engine


def wait(
    run: RunId,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Stop waiting after this time and exit with code 124.", min=0),
    ] = None,
    on: OnElsewhere = None,
    output: Output = "table",
) -> None:
    """Wait until a run ends; exit with its exit code."""
    from dressage.cli.display import say
    from dressage.cli.output import print_json
    from dressage.cli.summaries import as_result, exit_code, print_summary

    found = open_engine().get(run, on=on)
    status = found.wait(timeout)
    if output == "json":
        print_json(as_result(found, status))
    if not status.has_ended:
        say(f"run {found.id} is still {status.state} after {timeout:g} s")
        raise typer.Exit(124)
    if output == "table":
        print_summary(found, status)
    raise typer.Exit(exit_code(status))
