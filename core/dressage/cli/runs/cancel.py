"""dressage runs cancel"""

from typing import Annotated

import typer

from dressage.cli.options import RunId, open_engine


def cancel(
    run: RunId,
    wait: Annotated[bool, typer.Option(help="Wait until the run has ended.")] = True,
) -> None:
    """Cancel a run.

    The script is asked to stop. If it is still running after a grace period, it is killed.
    """
    from dressage.cli.display import say

    found = open_engine().get(run)
    status = found.status
    if status.has_ended and (not status.interrupted or found.folder.refresh().status.has_ended):
        say(f"run {found.id} has already ended: {status.state}")
        return
    found.cancel()
    if wait:
        say(f"run {found.id}: {found.wait().state}")
