"""Which files of a run are downloaded."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dressage.errors import NotFoundError
from dressage.results.versions import File

WORK = "work/"
"""Prefix of the files that a script left outside outputs/ and logs/."""
WORK_LIMIT_BYTES = 2_000_000_000
"""How much of these is downloaded unless they are named: some scripts leave many checkpoints, or a dataset."""


class Choice(NamedTuple):
    """paths: of the files to download. skipped: files below work/ that exceed the limit."""

    paths: list[str]
    skipped: tuple[File, ...] = ()


def choose_files(files: Sequence[File], limit: int = WORK_LIMIT_BYTES) -> Choice:
    """Choose all files of a run; of those below work/, the smallest that have at most `limit` bytes together."""
    skipped, total = [], 0
    for file in sorted(files, key=lambda file: file.size or 0):
        if file.path.startswith(WORK):
            total += file.size or 0
            if total > limit:
                skipped.append(file)
    left = set(skipped)
    return Choice([file.path for file in files if file not in left], tuple(skipped))


def name_files(run_id: str, files: Sequence[File], paths: Iterable[str]) -> Choice:
    """Return the paths; in place of a folder, which ends with '/', the files below it. Raises NotFoundError."""
    named: list[str] = []
    for path in paths:
        below = [file.path for file in files if file.path.startswith(path)] if path.endswith("/") else [path]
        if not below:
            raise NotFoundError(
                f"run {run_id!r} has no files in {path!r}; list them: dressage runs files {run_id}"
            )
        named += below
    return Choice(list(dict.fromkeys(named)))
