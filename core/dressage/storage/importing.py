"""Put files of this machine into the object store: each new byte is read once, unchanged files are not read.

Files are copied in batches. For each batch, not for each file, we wait until the disk has the bytes.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from dressage.files.copying import Count
from dressage.files.stamps import Stamp, stamp_of
from dressage.results.versions import File
from dressage.storage.objects import ObjectStore, Staged
from dressage.storage.staging import staging_folder

_BATCH_FILES = 10_000
_BATCH_BYTES = 1 << 30


class LocalFile(NamedTuple):
    """A file to import. path: on this machine. name: its path in the dataset. sha256: expected; None for any."""

    path: str
    name: str
    sha256: str | None = None


class MismatchError(Exception):
    """The file has other bytes than expected."""

    def __init__(self, file: LocalFile, digest: str) -> None:
        super().__init__(file.path)
        self.file = file
        self.digest = digest


def import_files(files: Sequence[LocalFile], store: ObjectStore, count: Count) -> Iterator[File]:
    """Copy the files into the store, and yield what they are, in order.

    count: called with the number of bytes that are done. Raises StageError if a file changes meanwhile,
    MismatchError, OSError.
    """
    for batch in _batches(files):
        yield from _import_batch(batch, store, count)


def _batches(files: Sequence[LocalFile]) -> Iterator[list[tuple[LocalFile, Stamp]]]:
    batch: list[tuple[LocalFile, Stamp]] = []
    size = 0
    for file in files:
        stamp = stamp_of(os.stat(file.path))  # noqa: PTH116 - a Path for each file is slow
        batch.append((file, stamp))
        size += stamp.size
        if len(batch) == _BATCH_FILES or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _import_batch(batch: list[tuple[LocalFile, Stamp]], store: ObjectStore, count: Count) -> list[File]:
    """Copy those files whose bytes the store does not have."""
    digests = store.hashes.find([(file.path, stamp) for file, stamp in batch])
    there = store.find([digest for digest in dict.fromkeys(digests) if digest])
    found: dict[str, File] = {}
    copied: list[tuple[LocalFile, tuple[Stamp, str] | None]] = []
    for (file, stamp), digest in zip(batch, digests, strict=True):
        if digest is not None and digest in there:
            _check(file, digest)
            found[file.name] = File(path=file.name, size=stamp.size, sha256=digest)
            count(stamp.size)
        else:
            copied.append((file, (stamp, digest) if digest else None))
    if copied:
        with staging_folder(store.aside) as folder:
            staged = list(_stage_all(copied, store, folder, count))
            found.update((file.path, file) for file in store.place(staged))
    return [found[file.name] for file, _ in batch]


def _stage_all(
    files: list[tuple[LocalFile, tuple[Stamp, str] | None]], store: ObjectStore, folder: Path, count: Count
) -> Iterator[Staged]:
    for number, (file, known) in enumerate(files):
        staged = store.stage(file.path, file.name, folder / str(number), known, count)
        _check(file, staged.sha256)
        yield staged


def _check(file: LocalFile, digest: str) -> None:
    if file.sha256 not in (None, digest):
        raise MismatchError(file, digest)
