"""The sources of a dataset, from what a user gives: a file, a folder or a web address."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from dressage.errors import SettingsError
from dressage.files.walking import walk
from dressage.specs.addresses import ADDRESS_ADVICE, is_address
from dressage.specs.credentials import hide_in_unreadable
from dressage.specs.datasets import WEB, Source

_SKIPPED = {".git", ".hg", ".svn", ".dressage"}
"""Names that are left out: they change with every commit and every run."""


class FoundSources(NamedTuple):
    """sources: one for each file. left_out: what the folder has and cannot be read as a file, a line for each."""

    sources: tuple[Source, ...]
    left_out: tuple[str, ...] = ()


def sources_of(given: str) -> FoundSources:
    """Return the sources of a file, of each file in a folder, or of a URL. Raises SettingsError for anything else."""
    if "://" in given and not is_address(given):
        raise SettingsError(
            f"source {hide_in_unreadable(given)!r} is not a complete web address; {ADDRESS_ADVICE}"
        )
    if given.startswith(WEB):
        return FoundSources((Source(path=Path(urlsplit(given).path).name or "index", addresses=(given,)),))
    path = Path(given).expanduser().absolute()
    if path.is_dir():
        return _sources_in(path)
    if not path.is_file():
        raise SettingsError(f"source {given!r} is not a file, folder or URL; check the path")
    return FoundSources((Source(path=path.name, addresses=(str(path),)),))


def _sources_in(folder: Path) -> FoundSources:
    found = sorted(walk(folder, skipped=_SKIPPED))
    names = [
        file.path
        for file in found
        if file.problem is None
        and file.path.rpartition("/")[2] not in _SKIPPED  # as files: .git of a worktree
    ]
    sources = tuple(Source(path=name, addresses=(f"{folder}/{name}",)) for name in names)
    return FoundSources(
        sources, tuple(f"left out: {file.shown}, {file.problem}" for file in found if file.problem)
    )


def describe_unverifiable(sources: Iterable[Source]) -> str | None:
    """Return a line about the files from the web whose bytes cannot be verified; None if there are none."""
    paths = [source.path for source in sources if source.sha256 is None and source.size is None]
    if not paths:
        return None
    rest = f" and {len(paths) - 1} more file{'s' * (len(paths) > 2)}" if len(paths) > 1 else ""
    return f"the bytes of {paths[0]!r}{rest} cannot be verified: neither sha256 nor size is declared"
