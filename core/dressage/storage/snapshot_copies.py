"""Copy the files of a snapshot, and verify the copies."""

import os
from pathlib import Path

from dressage.errors import SpecError
from dressage.files.copying import ChangedError, Copied, copy_beginning, copy_once
from dressage.files.stamps import Stamp, stamp_of
from dressage.results.versions import File, Snapshot
from dressage.storage.hash_cache import HashCache, Hashed

_TRIES = 5
"""How often a file is copied that changes meanwhile."""

_GONE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class SnapshotCopy:
    """A copy of a snapshot in a new folder: exactly the files with the snapshot's digests.

    made: the copies, each with its stamp. changes: how they differ from the snapshot.
    """

    def __init__(self, snapshot: Snapshot, folder: Path, hashes: HashCache) -> None:
        self.folder = folder
        self.made: list[Hashed] = []
        self.changes: list[str] = []
        self._snapshot = snapshot
        self._hashes = hashes

    def make(self) -> None:
        """Copy the files; those with a known digest are not hashed again. Raises SpecError if a file has changed."""
        folders: set[str] = set()
        self.folder.mkdir(parents=True)
        for file, known in zip(self._snapshot.files, _find_known(self._snapshot, self._hashes), strict=True):
            folder = file.path.rpartition("/")[0]
            if folder not in folders:
                (self.folder / folder).mkdir(parents=True, exist_ok=True)
                folders.add(folder)
            copied = self._copy(file, known) or self._replace(file)
            if copied:
                self.made.append(Hashed(file.path, copied.copy, copied.sha256 or str(file.sha256)))

    def _copy(self, file: File, known: Stamp | None) -> Copied | None:
        """Copy a file. Returns None if it is not as it was; then the copy does not exist."""
        source, target = f"{self._snapshot.directory}/{file.path}", f"{self.folder}/{file.path}"
        try:
            status = os.stat(source)  # noqa: PTH116 - a Path for each file is slow
            mode = status.st_mode & 0o777
            if status.st_size > (file.size or 0):
                copied = copy_beginning(source, target, file.size or 0, mode=mode)
            else:
                copied = copy_once(source, target, mode=mode, expected=known)
            if copied.sha256 in (None, file.sha256):
                return copied
        except (ChangedError, *_GONE):
            pass
        Path(target).unlink(missing_ok=True)
        return None

    def _replace(self, file: File) -> Copied | None:
        """Make the copy of a file that has changed; None to leave it out."""
        raise SpecError(f"file {file.path!r} changed while it was being copied; run the command again")


class CurrentCopy(SnapshotCopy):
    """A copy that has the files as they are now."""

    def _replace(self, file: File) -> Copied | None:
        source, target = f"{self._snapshot.directory}/{file.path}", f"{self.folder}/{file.path}"
        for _ in range(_TRIES):
            try:
                mode = os.stat(source).st_mode & 0o777  # noqa: PTH116 - a Path for each file is slow
                copied = copy_once(source, target, mode=mode)
            except ChangedError:
                Path(target).unlink()
            except _GONE:
                self.changes.append(f"{file.path}: deleted since the plan; left out")
                return None
            else:
                self.changes.append(f"{file.path}: changed since the plan; copied as it is now")
                return copied
        self.changes.append(f"{file.path}: changes all the time; left out")
        return None


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
