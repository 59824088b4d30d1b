"""Put files of this machine into the object store: each new byte is read once, unchanged files are not read.

Files are copied in batches. For each batch, not for each file, we wait until the disk has the bytes.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from stat import S_ISREG
from typing import NamedTuple

from dressage.files.copying import Count
from dressage.files.stamps import Stamp, stamp_of
from dressage.results.versions import File
from dressage.specs.datasets import Source
from dressage.storage.objects import ObjectStore, Staged
from dressage.storage.staging import staging_folder

_BATCH_FILES = 10_000
_BATCH_BYTES = 1 << 30


class LocalFile(NamedTuple):
    """A file to import. path: on this machine. name: its path in the dataset. sha256: expected; None for any."""

    path: str
    name: str
    sha256: str | None
    stamp: Stamp


def find_local(source: Source) -> LocalFile | None:
    """Return the first of a source's addresses that is a file on this machine; None if there is none."""
    for address in source.addresses:
        if address.startswith(("/", "file:///")):
            path = address.removeprefix("file://")
            with suppress(FileNotFoundError, NotADirectoryError):
                status = os.stat(path)  # noqa: PTH116 - a Path for each file is slow
                if S_ISREG(status.st_mode):
                    return LocalFile(path, source.path, source.sha256, stamp_of(status))
    return None


class MismatchError(Exception):
    """The file has other bytes than expected."""

    def __init__(self, file: LocalFile, digest: str) -> None:
        super().__init__(file.path)
        self.file = file
        self.digest = digest


def import_files(files: Iterable[LocalFile], store: ObjectStore, count: Count) -> Iterator[File]:
    """Copy the files into the store, and yield what they are, in order.

    count: called with the number of bytes that are done. Raises StageError if a file changes meanwhile,
    MismatchError, OSError.
    """
    for batch in _batches(files):
        yield from _import_batch(batch, store, count)


def _batches(files: Iterable[LocalFile]) -> Iterator[list[LocalFile]]:
    batch: list[LocalFile] = []
    size = 0
    for file in files:
        batch.append(file)
        size += file.stamp.size
        if len(batch) == _BATCH_FILES or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _import_batch(batch: list[LocalFile], store: ObjectStore, count: Count) -> list[File]:
    """Copy those files whose bytes the store does not have."""
    digests = store.hashes.find([(file.path, file.stamp) for file in batch])
    there = store.find([digest for digest in dict.fromkeys(digests) if digest])
    found: dict[str, File] = {}
    copied: list[tuple[LocalFile, str | None]] = []
    for file, digest in zip(batch, digests, strict=True):
        if digest is not None and digest in there:
            _check(file, digest)
            found[file.name] = File(path=file.name, size=file.stamp.size, sha256=digest)
            count(file.stamp.size)
        else:
            copied.append((file, digest))
    if copied:
        with staging_folder(store.aside) as folder:
            staged = list(_stage_all(copied, store, str(folder), count))
            found.update((file.path, file) for file in store.place(staged))
    return [found[file.name] for file in batch]


def _stage_all(
    files: list[tuple[LocalFile, str | None]], store: ObjectStore, folder: str, count: Count
) -> Iterator[Staged]:
    for number, (file, digest) in enumerate(files):
        known = (file.stamp, digest) if digest else None
        staged = store.stage(file.path, file.name, f"{folder}/{number}", known, count)
        _check(file, staged.sha256)
        yield staged


def _check(file: LocalFile, digest: str) -> None:
    if file.sha256 not in (None, digest):
        raise MismatchError(file, digest)
