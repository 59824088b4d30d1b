"""Code snapshots: the files of a source directory that are copied for a run, stored by content.

`.amlignore`, or else `.gitignore`, lists the files to leave out, in the syntax of .gitignore; each folder may have
one. Version control, virtual environments, caches and `.dressage` are always left out.
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

_ALWAYS_IGNORED = frozenset(
    {".git", ".hg", ".svn", ".dressage", ".venv", "venv", "__pycache__", "node_modules", ".ipynb_checkpoints"}
)
_IGNORE_FILES = (".amlignore", ".gitignore")


def take(directory: Path, *, limit_mb: int = 300) -> Snapshot:
    """Read the files of the directory and compute their digests. Writes nothing.

    Raises SpecError if they exceed the limit, with the largest files. Azure ML has the same limit of 300 MB; a larger
    folder usually contains data that should be a dataset.
    """
    try:
        return _read(directory, limit_mb)
    except FileNotFoundError as error:
        raise SpecError(
            f"file {str(error.filename)!r} was deleted while it was being read; run the command again"
        ) from error


def _read(directory: Path, limit_mb: int) -> Snapshot:
    found = sorted(_walk(directory, "", ()))
    total = sum(size for _, size in found)
    if total > limit_mb * 1_000_000:
        raise SpecError(_too_large(directory, found, total, limit_mb))
    files = tuple(File(path=path, size=size, sha256=digest_of_file(directory / path)) for path, size in found)
    return Snapshot(directory=directory, files=files)


def keep(snapshot: Snapshot, folder: Path) -> Snapshot:
    """Copy the snapshot to `folder`/DIGEST, unless it exists there. Returns a snapshot that points at the copy.

    Raises SpecError if a file has changed since the snapshot was taken.
    """
    kept = folder / snapshot.digest
    if kept.is_dir():
        return Snapshot(directory=kept, files=snapshot.files)
    with FileLock(folder / ".lock"):
        for left in folder.glob(".*.partial"):  # left by a killed process: we hold the lock
            shutil.rmtree(left)
        if not kept.is_dir():
            temporary = folder / f".{snapshot.digest}.partial"
            _copy(snapshot, temporary)
            temporary.rename(kept)
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
    """Yield relative paths and sizes. rules: the ignore files from the top folder down, each with its prefix."""
    rules = (*rules, *_rules(folder, prefix))
    with os.scandir(folder) as entries:
        for entry in entries:
            path = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _ALWAYS_IGNORED and not _is_ignored(path + "/", rules):
                    yield from _walk(Path(entry.path), path + "/", rules)
            elif entry.is_file() and not _is_ignored(path, rules):
                yield path, entry.stat().st_size


def _rules(folder: Path, prefix: str) -> Iterator[tuple[str, Any]]:
    for name in _IGNORE_FILES:
        if (folder / name).is_file():
            from pathspec import GitIgnoreSpec

            yield prefix, GitIgnoreSpec.from_lines((folder / name).read_text(encoding="utf-8").splitlines())
            return


def _is_ignored(path: str, rules: tuple[tuple[str, Any], ...]) -> bool:
    """Return whether the path is left out: the nearest ignore file with a matching pattern decides, as in git."""
    for prefix, spec in reversed(rules):
        verdict = spec.check_file(path.removeprefix(prefix)).include
        if verdict is not None:
            return bool(verdict)
    return False


def _too_large(directory: Path, found: list[tuple[str, int]], total: int, limit_mb: int) -> str:
    largest = sorted(found, key=lambda item: -item[1])[:5]
    listing = ", ".join(f"{path} ({size / 1e6:.0f} MB)" for path, size in largest)
    return (
        f"source directory {str(directory)!r} has {total / 1e6:.0f} MB, more than the limit of {limit_mb} MB for a"
        f" snapshot; largest: {listing}; list files to leave out in .amlignore, or raise snapshot_limit_mb"
    )
