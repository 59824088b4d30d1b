"""dressage runs logs"""

import sys
from typing import Annotated

import typer

from dressage.cli.options import RunId, engine


def logs(
    run: RunId,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Go on until the run ends; exit as it does.")
    ] = False,
    offset: Annotated[int, typer.Option(help="Start at this byte.", min=0)] = 0,
) -> None:
    """Print a run's output.

    With -f, Ctrl-C leaves the run to itself and exits with 130.
    """
    from dressage.cli.outcome import exit_code
    from dressage.cli.telling import say

    found = engine().get(run)
    try:
        for data in found.logs(follow=follow, offset=offset):
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if follow:
        status = found.wait()
        if status.reason:
            say(f"run {run} {status.state}: {status.reason}")
        raise typer.Exit(exit_code(status))
