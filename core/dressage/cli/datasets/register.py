"""dressage datasets register"""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from dressage.cli.options import On, open_engine
from dressage.cli.streams import results

if TYPE_CHECKING:
    from dressage.specs.datasets import Source

_SKIPPED_FOLDERS = {".git", ".hg", ".svn", ".dressage"}
"""Folders that are left out: they change with every commit and every run."""


def register(
    name: Annotated[str, typer.Argument(help="Dataset name.")],
    sources: Annotated[list[str], typer.Argument(help="Files, folders or URLs (http, https).")],
    description: Annotated[str, typer.Option(metavar="TEXT", help="Description of the dataset.")] = "",
    on: On = None,
) -> None:
    """Register files as a dataset version.

    If a version with the same content exists, it is used and no new version is created.
    """
    from dressage.cli.display import TextDisplay
    from dressage.results.events import StageStarted, progress_of
    from dressage.specs.datasets import FileDataset

    engine = open_engine()
    engine.workspace.create()
    sources_found = tuple(source for given in sources for source in sources_of(given))
    dataset = FileDataset(name=name, sources=sources_found, description=description)
    with closing(TextDisplay()) as display:
        display(StageStarted("dataset", name))
        version = engine.platform(on).datasets.ensure(dataset, progress_of("dataset", display))
    results().write(f"{version.name}:{version.version}\n")


def sources_of(given: str) -> list["Source"]:
    """Return the sources of a file, of each file in a folder, or of a URL. Raises SettingsError for anything else."""
    from dressage.errors import SettingsError
    from dressage.files.trees import files_below
    from dressage.specs.datasets import Source

    if given.startswith(("http://", "https://")):
        return [Source(path=Path(urlsplit(given).path).name or "index", addresses=(given,))]
    path = Path(given).expanduser().absolute()
    if path.is_dir():
        names = sorted(files_below(path, skipped=_SKIPPED_FOLDERS))
        return [
            Source(path=name, addresses=(f"{path}/{name}",))
            for name in names
            if name.rpartition("/")[2] not in _SKIPPED_FOLDERS  # as files: .git of a worktree
        ]
    if not path.is_file():
        raise SettingsError(f"source {given!r} is not a file, folder or URL; check the path")
    return [Source(path=path.name, addresses=(str(path),))]
