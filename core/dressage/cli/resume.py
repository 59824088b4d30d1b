"""dressage resume"""

from typing import Annotated

import typer

from dressage.cli.options import RunId, StreamFormat, open_engine


def resume(
    run: RunId,
    detach: Annotated[bool, typer.Option("-d", "--detach", help="Return once the run is submitted.")] = False,
    output: Annotated[StreamFormat, typer.Option("-o", "--output", help="How to print it.")] = "table",
) -> None:
    """Bring an unfinished run to its end.

    A running run is followed. A killed one continues from its last checkpoint; output that it printed before is not
    repeated.
    """
    from dressage.cli.following import start_and_follow

    engine = open_engine()
    unfinished = engine.get(run)
    printed = sum(map(len, unfinished.logs())) if unfinished.status.has_ended else 0
    start_and_follow(
        lambda listener: engine.resume(unfinished.id, listener=listener),
        detach=detach,
        output=output,
        offset=printed,
    )
