"""dressage runs download"""

from pathlib import Path
from typing import Annotated

import typer

from dressage.cli.options import RunId, To, open_engine


def download(
    run: RunId,
    paths: Annotated[list[str] | None, typer.Argument(help="Paths of the files. Default: all files.")] = None,
    to: To = None,
) -> None:
    """Download the files of a run."""
    from dressage.cli.display import say

    found = open_engine().get(run)
    wanted = paths or [file.path for file in found.files]
    to = to or Path(found.id)
    found.download(to, wanted)
    say(f"downloaded {len(wanted)} file(s) to {str(to)!r}")
