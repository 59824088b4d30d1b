"""dressage runs download"""

from pathlib import Path
from typing import Annotated

import typer

from dressage.cli.options import RunId, To, open_engine


def download(
    run: RunId,
    paths: Annotated[list[str] | None, typer.Argument(help="Which files; all by default.")] = None,
    to: To = None,
) -> None:
    """Copy a run's files to a folder."""
    from dressage.cli.display import say

    found = open_engine().get(run)
    wanted = paths or [file.path for file in found.files]
    to = to or Path(found.id)
    found.download(to, wanted)
    say(f"{len(wanted)} file(s) in {str(to)!r}")
