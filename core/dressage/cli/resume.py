"""dressage resume"""

from typing import Annotated

import typer

from dressage.cli.options import RunId, Stream, engine


def resume(
    run: RunId,
    detach: Annotated[bool, typer.Option("-d", "--detach", help="Return once the run is submitted.")] = False,
    output: Annotated[Stream, typer.Option("-o", "--output", help="How to print it.")] = "table",
) -> None:
    """Bring an unfinished run to its end.

    A running run is followed. A killed one continues from its last checkpoint; output that it printed before is not
    repeated.
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
