"""dressage resume"""

from typing import Annotated

import typer

from dressage.cli.options import RunId, Stream, engine


def resume(
    run: RunId,
    detach: Annotated[bool, typer.Option("-d", "--detach", help="Leave once the run goes on.")] = False,
    output: Annotated[Stream, typer.Option("-o", "--output", help="How to print it.")] = "table",
) -> None:
    """Bring an unfinished run to its end.

    A run that still goes is followed; one that was killed goes on from its last checkpoint, and what it had
    printed before is not printed again.
    """
    from dressage.cli.following import started

    found = engine()
    left = found.get(run)
    printed = sum(map(len, left.logs())) if left.status.has_ended else 0
    started(
        lambda listener: found.resume(left.id, listener=listener),
        detach=detach,
        output=output,
        offset=printed,
    )
