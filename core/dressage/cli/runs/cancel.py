"""dressage runs cancel"""

from typing import Annotated

import typer

from dressage.cli.options import RunId, open_engine


def cancel(
    run: RunId,
    wait: Annotated[bool, typer.Option(help="Wait until the run has ended.")] = True,
) -> None:
    """Stop a run: its script is asked to end, given a grace time, then ended."""
    from dressage.cli.display import say

    found = open_engine().get(run)
    status = found.status
    if status.has_ended and (not status.interrupted or found.folder.refresh().status.has_ended):
        say(f"run {found.id} has ended already: {status.state}")
        return
    found.cancel()
    if wait:
        say(f"run {found.id} {found.wait().state}")
