"""Code snapshots: the files of a source directory that are copied for a run, stored by content.

`.amlignore`, or else `.gitignore`, lists the files to leave out, in the syntax of .gitignore; each folder may have
one. Version control, virtual environments, caches and `.dressage` are always left out.

A kept snapshot is compared with its files before each use, without reading those whose stamps have not changed. A
damaged one is moved to the quarantine, and copied again from the source directory if that has the right bytes.
"""

import shutil
import time
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from dressage.errors import SpecError, StageError
from dressage.files.locks import FileLock
from dressage.files.stamps import Stamp
from dressage.files.trees import files_below
from dressage.results.plans import LeftOut
from dressage.results.versions import File, Snapshot, digest_of_files
from dressage.storage.hash_cache import HashCache
from dressage.storage.snapshot_copies import CurrentCopy, SnapshotCopy
from dressage.storage.source_files import find_source_files


class Survey(NamedTuple):
    """A snapshot, and the files of its directory that it leaves out."""

    snapshot: Snapshot
    left_out: tuple[LeftOut, ...]


def take(directory: Path, *, limit_mb: int = 300, hashes: HashCache | None = None) -> Snapshot:
    """Return the snapshot of a directory, as `survey` does."""
    return survey(directory, limit_mb=limit_mb, hashes=hashes).snapshot


def survey(
    directory: Path,
    *,
    include: Sequence[str] = (),
    needed: Iterable[str] = (),
    only: Sequence[str] = (),
    secret_files: Iterable[str] = (),
    limit_mb: int = 300,
    hashes: HashCache | None = None,
) -> Survey:
    """Compute the digests of the directory's files; read only files that changed. Writes nothing but the hash cache.

    include: patterns of files that are taken although they are ignored. needed: files that are taken anyway.
    only: the files and folders to take from; all if there are none.
    secret_files: paths of files that have secrets, in addition to those whose names say so.
    Raises SpecError for a system folder, if a pattern or one of `only` matches nothing, if a file cannot be read, or
    if the files exceed the limit, with the largest files. Azure ML has the same limit of 300 MB; a larger folder
    usually contains data that should be a dataset.
    """
    try:
        found = find_source_files(directory, include, needed, only, secret_files)
        return Survey(_read(directory, found.files, limit_mb, hashes or HashCache(directory)), found.left_out)
    except FileNotFoundError as error:
        raise SpecError(
            f"file {str(error.filename)!r} was deleted while it was being read; run the command again"
        ) from error
    except PermissionError as error:
        raise SpecError(
            f"file {str(error.filename)!r} cannot be read; make it readable, or list it in .amlignore"
        ) from error


def _read(directory: Path, found: list[tuple[str, Stamp]], limit_mb: int, hashes: HashCache) -> Snapshot:
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


class Kept(NamedTuple):
    """snapshot: of the copy. changes: how its files differ from those that were wanted, one line per file."""

    snapshot: Snapshot
    changes: tuple[str, ...] = ()


def keep(snapshot: Snapshot, folder: Path, hashes: HashCache | None = None) -> Snapshot:
    """Copy the snapshot to `folder`/DIGEST, unless it exists there. Returns a snapshot that points at the copy.

    folder: of the workspace. Raises SpecError if a file has changed since the snapshot was taken, unless bytes were
    only added to its end: then the copy does not have these.
    """
    return _keep(snapshot, folder, hashes or HashCache(folder.parent), SnapshotCopy).snapshot


def keep_current(
    snapshot: Snapshot, folder: Path, hashes: HashCache | None = None, *, needed: str | None = None
) -> Kept:
    """Do the same, but copy files that have changed as they are now, and leave out those that keep changing.

    needed: a file that must be there. Raises SpecError if it is left out.
    """
    kept = _keep(snapshot, folder, hashes or HashCache(folder.parent), CurrentCopy)
    if (
        kept.changes
        and needed
        and str(PurePosixPath(needed)) not in {file.path for file in kept.snapshot.files}
    ):
        raise SpecError(f"file {needed!r} changed while it was being copied; run the command again")
    return kept


def _keep(snapshot: Snapshot, folder: Path, hashes: HashCache, copying: type[SnapshotCopy]) -> Kept:
    if find_damage(snapshot, folder, hashes):
        with FileLock(folder / ".lock"):
            for left in folder.glob(".*.partial"):  # left by a killed process: we hold the lock
                shutil.rmtree(left)
            if find_damage(snapshot, folder, hashes):
                copy = copying(snapshot, folder / f".{snapshot.digest}.partial", hashes)
                copy.make()
                return Kept(_place(copy, folder, hashes), tuple(copy.changes))
    return Kept(Snapshot(directory=folder / snapshot.digest, files=snapshot.files))


def _place(copy: SnapshotCopy, folder: Path, hashes: HashCache) -> Snapshot:
    """Rename a complete copy to its digest."""
    files = tuple(File(path=file.path, size=file.stamp.size, sha256=file.sha256) for file in copy.made)
    kept = folder / digest_of_files(files)
    placed = Snapshot(directory=kept, files=files)
    if not find_damage(placed, folder, hashes):  # what changed meanwhile made it equal to an earlier one
        shutil.rmtree(copy.folder)
        return placed
    _set_aside(kept)
    copy.folder.rename(kept)
    for file in copy.made:
        hashes.add(f"{kept}/{file.path}", file.stamp, file.sha256, time.time_ns())
    hashes.save()
    return placed


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


def _too_large(directory: Path, found: Sequence[tuple[str, Stamp]], total: int, limit_mb: int) -> str:
    largest = sorted(found, key=lambda item: -item[1].size)[:5]
    listing = ", ".join(f"{path} ({stamp.size / 1e6:.0f} MB)" for path, stamp in largest)
    return (
        f"source directory {str(directory)!r} has {total / 1e6:.0f} MB, more than the limit of {limit_mb} MB for a"
        f" snapshot; largest: {listing}; list files to leave out in .amlignore, or raise snapshot_limit_mb"
    )
