"""dressage runs download"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dressage.cli.options import OnElsewhere, Overwrite, RunId, To, open_engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dressage.results.versions import File


def download(
    run: RunId,
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Paths of the files, or of folders as outputs/. Default: all files."),
    ] = None,
    to: To = None,
    on: OnElsewhere = None,
    overwrite: Overwrite = False,
) -> None:
    """Download the files of a run."""
    from dressage.cli.display import say
    from dressage.files.permissions import as_user

    found = open_engine().get(run, on=on)
    choice = found.choose_files(paths or [])
    to = to or Path(found.id)
    with as_user():
        found.download(to, choice.paths, overwrite=overwrite)
    say(f"downloaded {len(choice.paths)} file(s) to {str(to)!r}")
    if choice.skipped:
        say(_skipped_line(choice.skipped))


def _skipped_line(files: "Sequence[File]") -> str:
    from dressage.cli.output import escape_text, size_of

    largest = max(files, key=lambda file: file.size or 0)
    size = size_of(sum(file.size or 0 for file in files))
    return (
        f"not downloaded: {len(files)} file(s) in work/, {size}, because work/ has more than 2 GB; to download them,"
        f" name them, such as {escape_text(largest.path)!r}, or their folder with a '/' at the end"
    )
