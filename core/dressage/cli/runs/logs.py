"""dressage runs logs"""

import re
from collections import deque
from collections.abc import Iterable
from typing import Annotated

import typer

from dressage.cli.options import OnElsewhere, RunId, open_engine
from dressage.cli.streams import results


def logs(
    run: RunId,
    follow: Annotated[
        bool,
        typer.Option("-f", "--follow", help="Follow the output until the run ends; exit with its exit code."),
    ] = False,
    offset: Annotated[int, typer.Option(metavar="BYTES", help="Start at this byte of the log.", min=0)] = 0,
    tail: Annotated[
        int | None, typer.Option(metavar="N", help="Start at the last N lines of the log.", min=0)
    ] = None,
    on: OnElsewhere = None,
) -> None:
    """Print a run's output.

    With -f, Ctrl-C ends the command with exit code 130. The run continues.
    """
    from dressage.cli.display import say
    from dressage.cli.summaries import exit_code

    found = open_engine().get(run, on=on)
    if tail is not None:
        offset = max(offset, _find_tail(found.logs(), tail))
    try:
        for data in found.logs(follow=follow, offset=offset):
            results().buffer.write(data)
            results().buffer.flush()
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if follow:
        status = found.wait()
        if status.reason:
            say(f"run {found.id}: {status.state} ({status.reason})")
        raise typer.Exit(exit_code(status))


def _find_tail(log: Iterable[bytes], lines: int) -> int:
    """Return the offset where the last `lines` lines begin. The last line may lack its line break."""
    starts, size = deque([0], maxlen=lines + 1), 0
    for data in log:
        starts.extend(size + match.end() for match in re.finditer(b"\n", data))
        size += len(data)
    if starts[-1] < size:
        starts.append(size)
    return starts[0]
