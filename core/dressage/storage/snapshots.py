"""Code snapshots: what of a source directory a run gets a copy of, kept by content.

`.amlignore`, or else `.gitignore`, says what stays out, in .gitignore's syntax and in any folder; version
control, virtual environments, caches and `.dressage` stay out always.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from dressage.errors import SpecError
from dressage.files.digests import digest_of_file
from dressage.files.locks import FileLock
from dressage.results.versions import File, Snapshot

_NEVER = frozenset(
    {".git", ".hg", ".svn", ".dressage", ".venv", "venv", "__pycache__", "node_modules", ".ipynb_checkpoints"}
)
_IGNORE_FILES = (".amlignore", ".gitignore")


def take(directory: Path, *, limit_mb: int = 300) -> Snapshot:
    """Read and name what is in the directory. Touches nothing.

    Raises SpecError over the limit, with what is large; 300 MB is where Azure ML stops too, and a larger folder
    usually has data in it that should be a dataset.
    """
    try:
        return _taken(directory, limit_mb)
    except FileNotFoundError as error:
        raise SpecError(
            f"file {str(error.filename)!r} went away while it was read; run the command again"
        ) from error


def _taken(directory: Path, limit_mb: int) -> Snapshot:
    found = sorted(_walk(directory, "", ()))
    total = sum(size for _, size in found)
    if total > limit_mb * 1_000_000:
        raise SpecError(_too_large(directory, found, total, limit_mb))
    files = tuple(File(path=path, size=size, sha256=digest_of_file(directory / path)) for path, size in found)
    return Snapshot(directory=directory, files=files)


def keep(snapshot: Snapshot, folder: Path) -> Snapshot:
    """Copy the snapshot below `folder`, under its digest, unless it is there; the answer points at the copy.

    Raises SpecError if a file changed since the snapshot was taken.
    """
    kept = folder / snapshot.digest
    if kept.is_dir():
        return Snapshot(directory=kept, files=snapshot.files)
    with FileLock(folder / ".lock"):
        for left in folder.glob(".*.partial"):  # by a process that was killed: we hold the lock
            shutil.rmtree(left)
        if not kept.is_dir():
            aside = folder / f".{snapshot.digest}.partial"
            _copy(snapshot, aside)
            aside.rename(kept)
    return Snapshot(directory=kept, files=snapshot.files)


def _copy(snapshot: Snapshot, target: Path) -> None:
    target.mkdir()
    for file in snapshot.files:
        copy = target / file.path
        copy.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            shutil.copy(snapshot.directory / file.path, copy)
        if not copy.exists() or digest_of_file(copy) != file.sha256:
            raise SpecError(f"file {file.path!r} changed while it was being copied; run the command again")


def _walk(folder: Path, prefix: str, rules: tuple[tuple[str, Any], ...]) -> Iterator[tuple[str, int]]:
    """Paths relative to the top and sizes. rules: ignore files from the top down, with the prefix of each."""
    rules = (*rules, *_rules(folder, prefix))
    with os.scandir(folder) as entries:
        for entry in entries:
            path = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _NEVER and not _ignored(path + "/", rules):
                    yield from _walk(Path(entry.path), path + "/", rules)
            elif entry.is_file() and not _ignored(path, rules):
                yield path, entry.stat().st_size


def _rules(folder: Path, prefix: str) -> Iterator[tuple[str, Any]]:
    for name in _IGNORE_FILES:
        if (folder / name).is_file():
            from pathspec import GitIgnoreSpec

            yield prefix, GitIgnoreSpec.from_lines((folder / name).read_text(encoding="utf-8").splitlines())
            return


def _ignored(path: str, rules: tuple[tuple[str, Any], ...]) -> bool:
    """The nearest ignore file that has a say decides, as in git."""
    for prefix, spec in reversed(rules):
        verdict = spec.check_file(path.removeprefix(prefix)).include
        if verdict is not None:
            return bool(verdict)
    return False


def _too_large(directory: Path, found: list[tuple[str, int]], total: int, limit_mb: int) -> str:
    largest = sorted(found, key=lambda item: -item[1])[:5]
    listing = ", ".join(f"{path} ({size / 1e6:.0f} MB)" for path, size in largest)
    return (
        f"source directory {str(directory)!r} holds {total / 1e6:.0f} MB, more than the {limit_mb} MB a snapshot may"
        f" have; largest: {listing}; name what does not belong in .amlignore, or raise snapshot_limit_mb"
    )
