"""dressage runs cancel"""

from typing import Annotated

import typer

from dressage.cli.options import RunId, open_engine


def cancel(
    run: RunId,
    wait: Annotated[bool, typer.Option(help="Wait until the run has ended.")] = True,
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="Stop waiting after this time and exit with code 124.", min=0),
    ] = 60.0,
) -> None:
    """Cancel a run.

    The script is asked to stop. If it is still running after a grace period, it is killed. If the supervisor of a run
    was killed, its script may still be running; this command ends it.
    """
    from dressage.cli.display import say

    found = open_engine().get(run)
    status = found.status
    if status.has_ended and status.interrupted and found.has_leftover:
        found.cancel()
        say(f"run {found.id} has ended: {status.state}; its script was still running and was ended")
        return
    if status.has_ended and (not status.interrupted or found.folder.refresh().status.has_ended):
        say(f"run {found.id} has already ended: {status.state}")
        return
    found.cancel()
    status = found.wait(timeout) if wait else status
    if wait and not status.has_ended:
        why = f": {status.reason}" if status.reason else ""
        say(f"run {found.id} is still {status.state} after {timeout:g} s{why}")
        raise typer.Exit(124)
    if wait:
        say(f"run {found.id}: {status.state}")
