"""Code snapshots: the files of a source directory that are copied for a run, stored by content.

`.amlignore`, or else `.gitignore`, lists the files to leave out, in the syntax of .gitignore; each folder may have
one. Version control, virtual environments, caches and `.dressage` are always left out.

A kept snapshot is compared with its files before each use, without reading those whose stamps have not changed. A
damaged one is moved to the quarantine, and copied again from the source directory if that has the right bytes.
"""

import os
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from dressage.errors import SpecError, StageError
from dressage.files.copying import ChangedError, copy_once
from dressage.files.locks import FileLock
from dressage.files.stamps import Stamp, stamp_of
from dressage.files.trees import files_below
from dressage.results.versions import File, Snapshot
from dressage.storage.hash_cache import HashCache, Hashed
from dressage.storage.ignore_rules import walk_source


def take(directory: Path, *, limit_mb: int = 300, hashes: HashCache | None = None) -> Snapshot:
    """Compute the digests of the directory's files; read only files that changed. Writes nothing but the hash cache.

    Raises SpecError if they exceed the limit, with the largest files. Azure ML has the same limit of 300 MB; a larger
    folder usually contains data that should be a dataset.
    """
    try:
        return _read(directory, limit_mb, hashes or HashCache(directory))
    except FileNotFoundError as error:
        raise SpecError(
            f"file {str(error.filename)!r} was deleted while it was being read; run the command again"
        ) from error


def _read(directory: Path, limit_mb: int, hashes: HashCache) -> Snapshot:
    found = sorted(walk_source(directory))
    total = sum(stamp.size for _, stamp in found)
    if total > limit_mb * 1_000_000:
        raise SpecError(_too_large(directory, found, total, limit_mb))
    root = str(directory.absolute())
    files = [(f"{root}/{path}", stamp) for path, stamp in found]
    digests = hashes.find(files)
    if None in digests:
        hashed = list(hashes.digests_of(files))
        found = [(path, file.stamp) for (path, _), file in zip(found, hashed, strict=True)]
        digests = [file.sha256 for file in hashed]
    parts = zip(found, digests, strict=True)
    return Snapshot(
        directory=directory,
        files=tuple(File(path=path, size=stamp.size, sha256=digest) for (path, stamp), digest in parts),
    )


def keep(snapshot: Snapshot, folder: Path, hashes: HashCache | None = None) -> Snapshot:
    """Copy the snapshot to `folder`/DIGEST, unless it exists there. Returns a snapshot that points at the copy.

    folder: of the workspace. Raises SpecError if a file has changed since the snapshot was taken.
    """
    hashes = hashes or HashCache(folder.parent)
    kept = folder / snapshot.digest
    if find_damage(snapshot, folder, hashes):
        with FileLock(folder / ".lock"):
            for left in folder.glob(".*.partial"):  # left by a killed process: we hold the lock
                shutil.rmtree(left)
            if find_damage(snapshot, folder, hashes):
                _set_aside(kept)
                temporary = folder / f".{snapshot.digest}.partial"
                temporary.mkdir(parents=True)  # a command may need no files
                copied = list(_copy(snapshot, temporary, hashes))
                temporary.rename(kept)
                for file in copied:
                    hashes.add(f"{kept}/{file.path}", file.stamp, file.sha256, time.time_ns())
                hashes.save()
    return Snapshot(directory=kept, files=snapshot.files)


def ensure_kept(run_id: str, snapshot: Snapshot, source: Path, workspace: Path) -> None:
    """Make sure that a run's snapshot has the right files; copy it again from the source directory if not.

    workspace: its root. Raises StageError if the snapshot was changed or deleted, and the source directory too.
    """
    folder, hashes = workspace / "snapshots", HashCache(workspace)
    if damage := find_damage(snapshot, folder, hashes):
        try:
            keep(Snapshot(directory=source, files=snapshot.files), folder, hashes)
        except (SpecError, OSError) as error:
            raise StageError(
                "model",
                f"run {run_id!r}: its copy of the source directory, {str(folder / snapshot.digest)!r}, is damaged"
                f" ({damage}), and {str(source)!r} has changed since; start a new run with --again",
            ) from error


def find_damage(snapshot: Snapshot, folder: Path, hashes: HashCache) -> str | None:
    """Return what is wrong with the kept snapshot in one line; None if nothing is.

    Reads only files whose stamps have changed.
    """
    kept = folder / snapshot.digest
    if not snapshot.files and not kept.is_dir():
        return "the folder was deleted"
    try:
        found = hashes.digests(f"{kept}/{file.path}" for file in snapshot.files)
        for file, hashed in zip(snapshot.files, found, strict=True):
            if hashed.sha256 != file.sha256:
                return f"file {file.path!r} was changed"
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        return f"file {str(error.filename)!r} was deleted"
    if sum(1 for _ in files_below(kept)) != len(snapshot.files):
        return "a file was added"
    return None


def _set_aside(kept: Path) -> None:
    """Move a damaged snapshot to the quarantine of the workspace."""
    if kept.is_dir():
        quarantine = kept.parent.parent / "quarantine"
        quarantine.mkdir(exist_ok=True)
        kept.rename(quarantine / f"{uuid.uuid4().hex[:8]}-{kept.name}")


def _copy(snapshot: Snapshot, target: Path, hashes: HashCache) -> Iterator[Hashed]:
    """Copy the files and verify them; those with a known digest are not hashed again. Yields the copies."""
    made: set[str] = set()
    for file, known in zip(snapshot.files, _find_known(snapshot, hashes), strict=True):
        folder = file.path.rpartition("/")[0]
        if folder not in made:
            (target / folder).mkdir(parents=True, exist_ok=True)
            made.add(folder)
        yield _copy_file(snapshot.directory, file, target, known)


def _copy_file(source: Path, file: File, target: Path, known: Stamp | None) -> Hashed:
    problem = SpecError(f"file {file.path!r} changed while it was being copied; run the command again")
    path = f"{source}/{file.path}"
    try:
        mode = os.stat(path).st_mode & 0o777  # noqa: PTH116 - a Path for each file is slow
        copied = copy_once(path, f"{target}/{file.path}", mode=mode, expected=known)
    except (ChangedError, FileNotFoundError):
        raise problem from None
    if copied.sha256 not in (None, file.sha256):
        raise problem
    return Hashed(file.path, copied.copy, str(file.sha256))


def _find_known(snapshot: Snapshot, hashes: HashCache) -> list[Stamp | None]:
    """Return the stamps of those files that have the right bytes, as far as it is known without reading them."""
    root = str(snapshot.directory.absolute())
    stamps = [_stamp_at(f"{root}/{file.path}") for file in snapshot.files]
    there = [
        (f"{root}/{file.path}", stamp) for file, stamp in zip(snapshot.files, stamps, strict=True) if stamp
    ]
    digests = dict(zip((path for path, _ in there), hashes.find(there), strict=True))
    return [
        stamp if digests.get(f"{root}/{file.path}") == file.sha256 else None
        for file, stamp in zip(snapshot.files, stamps, strict=True)
    ]


def _stamp_at(path: str) -> Stamp | None:
    try:
        return stamp_of(os.stat(path))  # noqa: PTH116 - a Path for each file is slow
    except (FileNotFoundError, NotADirectoryError):
        return None


def _too_large(directory: Path, found: Sequence[tuple[str, Stamp]], total: int, limit_mb: int) -> str:
    largest = sorted(found, key=lambda item: -item[1].size)[:5]
    listing = ", ".join(f"{path} ({stamp.size / 1e6:.0f} MB)" for path, stamp in largest)
    return (
        f"source directory {str(directory)!r} has {total / 1e6:.0f} MB, more than the limit of {limit_mb} MB for a"
        f" snapshot; largest: {listing}; list files to leave out in .amlignore, or raise snapshot_limit_mb"
    )
