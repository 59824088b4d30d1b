"""Compare the folder of a version with its files, without reading those whose stamps have not changed."""

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from dressage.files.stamps import Stamp, stamp_of
from dressage.files.trees import files_below
from dressage.results.versions import File
from dressage.storage.objects import ObjectStore

_CHUNK = 5000


class Problem(NamedTuple):
    """A file that is not as it was registered. path: in the version's folder. sha256: of the right bytes.

    kind "extra": a file that the version does not have.
    """

    path: str
    kind: Literal["missing", "changed", "extra"]
    sha256: str = ""

    def __str__(self) -> str:
        return f"file {self.path!r} {WORDS[self.kind]}"


WORDS = {
    "missing": "was deleted after it was registered",
    "changed": "was changed after it was registered",
    "extra": "was added after the dataset was registered",
}


def find_problems(files: Sequence[File], folder: Path, store: ObjectStore) -> Iterator[Problem]:
    """Yield the files of a folder that are not as they were registered.

    The folder's files are hard links to objects, so the stamps of the objects are theirs too. A file with another
    stamp is read. Nothing is known about a version whose files are not listed.
    """
    if not files:
        return
    left, missing = iter(files), 0
    while chunk := list(islice(left, _CHUNK)):
        for problem in _find_in(chunk, folder, store):
            missing += problem.kind == "missing"
            yield problem
    if sum(1 for _ in files_below(folder)) != len(files) - missing:
        expected = {file.path for file in files}
        yield from (Problem(path, "extra") for path in files_below(folder) if path not in expected)


class Fingerprint(NamedTuple):
    """Digests of what the file system says about the files of a folder.

    stamps: changes if a file is written or replaced. inodes: changes if a file is replaced.
    """

    stamps: str
    inodes: str


def fingerprint_of(files: Sequence[File], folder: Path) -> Fingerprint:
    stamps, inodes = hashlib.sha256(), hashlib.sha256()
    for file in files:
        stamp = stamp_at(folder, file.path)
        stamps.update(f"{stamp}\n".encode())
        inodes.update(f"{stamp and stamp.inode}\n".encode())
    return Fingerprint(stamps.hexdigest(), inodes.hexdigest())


def stamp_at(folder: Path, path: str) -> Stamp | None:
    """Return the stamp of a file; None if there is none."""
    try:
        status = os.lstat(f"{folder}/{path}")
    except (FileNotFoundError, NotADirectoryError):
        return None
    return stamp_of(status) if stat.S_ISREG(status.st_mode) else None


def _find_in(files: list[File], folder: Path, store: ObjectStore) -> Iterator[Problem]:
    stamps = [stamp_at(folder, file.path) for file in files]
    yield from (
        Problem(file.path, "missing", file.sha256 or "")
        for file, stamp in zip(files, stamps, strict=True)
        if stamp is None
    )
    there = [(file, stamp) for file, stamp in zip(files, stamps, strict=True) if stamp]
    known = store.hashes.find([(store.location(file.sha256 or ""), stamp) for file, stamp in there])
    for (file, stamp), digest in zip(there, known, strict=True):
        if digest != file.sha256 and not _is_right(file, stamp, folder, store):
            yield Problem(file.path, "changed", file.sha256 or "")


def _is_right(file: File, stamp: Stamp, folder: Path, store: ObjectStore) -> bool:
    """Return whether a file has the right bytes, although it does not have the known stamp of its object."""
    if file.size not in (None, stamp.size):
        return False
    linked = store.find([file.sha256 or ""]).get(file.sha256 or "")
    return linked == stamp or store.hashes.digest(f"{folder}/{file.path}") == file.sha256
