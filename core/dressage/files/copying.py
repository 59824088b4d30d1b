"""Copy files in one pass: cloned where the file system supports it, and with the digest computed on the way."""

import errno
import hashlib
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from dressage.files.disk import FULL
from dressage.files.stamps import Stamp, settle, stamp_of

_FICLONE = 0x40049409
"""The Linux ioctl that lets two files share their blocks until one of them is written (btrfs, xfs, ...)."""
_PIECE_BYTES = 256 << 10
"""How much is read at a time: it stays in the processor's cache until it is hashed and written."""
_DIRECT_FROM_BYTES = 64 << 20
"""Files from this size on are written past the page cache, which takes a fifth of the processor time."""
_DIRECT_BUFFER_BYTES = 4 << 20
_BLOCK_BYTES = 4096
_COUNTED_BYTES = 4 << 20
"""How much is copied between two reports of progress."""

Count = Callable[[int], None]


class ChangedError(Exception):
    """The file changed while it was read; it was not copied."""


class Copied(NamedTuple):
    """source, copy: the stamps of both files. sha256: None if it was not computed.

    read_ns: when the source was read completely, in ns since 1970.
    """

    source: Stamp
    copy: Stamp
    sha256: str | None
    read_ns: int


def copy_file(source: Path, target: Path) -> None:
    """Make a writable copy, which shares its blocks with the source if the file system supports it.

    Raises OSError; if the disk is full, it names the target.
    """
    try:
        if not _clone_paths(source, target):
            import shutil  # which imports compression formats: a keeper needs none

            shutil.copyfile(source, target)
    except OSError as error:
        if error.errno in FULL:
            error.filename = str(target)
        raise


def copy_once(
    source: str, target: str, *, mode: int = 0o444, expected: Stamp | None = None, count: Count | None = None
) -> Copied:
    """Copy a file to a new file, and read it once. The copy's stamp can be trusted at once.

    expected: the source's stamp, if its digest is known; then the digest is not computed again.
    count: called with the number of bytes that were copied.
    Raises ChangedError if the source changes meanwhile, does not have the stamp or is no file, OSError; then an
    incomplete `target` may exist.
    """
    with _opened(source, os.O_RDONLY | os.O_NONBLOCK) as reading:  # a pipe may have taken the file's place
        status = os.fstat(reading)
        before = stamp_of(status)
        if expected not in (None, before) or not stat.S_ISREG(status.st_mode):
            raise ChangedError(source)
        hasher = None if expected else hashlib.sha256()
        with _opened(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode) as writing:
            take = _Taker(hasher.update if hasher else None, count)
            _transfer(reading, writing, before.size, take)
            take.report()
            copy = settle(writing)
        read_ns = time.time_ns()
        if stamp_of(os.fstat(reading)) != before or copy.size != before.size:
            raise ChangedError(source)
    return Copied(before, copy, hasher.hexdigest() if hasher else None, read_ns)


def copy_beginning(source: str, target: str, size: int, *, mode: int = 0o444) -> Copied:
    """Copy the first bytes of a file, which may be growing, to a new file. Raises OSError."""
    hasher = hashlib.sha256()
    with (
        _opened(source, os.O_RDONLY) as reading,
        _opened(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode) as writing,
    ):
        left = size
        while left and (piece := os.read(reading, min(left, _PIECE_BYTES))):
            hasher.update(piece)
            _write(writing, memoryview(piece))
            left -= len(piece)
        return Copied(stamp_of(os.fstat(reading)), settle(writing), hasher.hexdigest(), time.time_ns())


class _Taker:
    """Hashes each piece, and counts the bytes: a call for each piece would take noticeable time."""

    def __init__(self, update: Callable[[memoryview], None] | None, count: Count | None) -> None:
        self._update = update
        self._count = count
        self._uncounted = 0

    def __call__(self, piece: memoryview) -> None:
        if self._update:
            self._update(piece)
        self._uncounted += len(piece)
        if self._uncounted >= _COUNTED_BYTES:
            self.report()

    def report(self) -> None:
        """Report the bytes that were not reported yet."""
        if self._count and self._uncounted:
            self._count(self._uncounted)
        self._uncounted = 0


def _transfer(reading: int, writing: int, size: int, take: Callable[[memoryview], None]) -> None:
    """Write all bytes of one file to another, and pass them to `take`."""
    if size >= _BLOCK_BYTES and clone(reading, writing):
        for piece in _pieces(reading, size):
            take(piece)
    elif size >= _DIRECT_FROM_BYTES and _set_direct(writing, on=True):
        _transfer_directly(reading, writing, size, take)
    else:
        for piece in _pieces(reading, size):
            take(piece)
            _write(writing, piece)


def _pieces(reading: int, size: int) -> Iterator[memoryview]:
    """Yield the bytes of a file, up to a little more than `size`: it may grow faster than we read."""
    buffer = memoryview(bytearray(min(size + 1, _PIECE_BYTES)))
    left = size
    while left >= 0 and (count := os.readv(reading, [buffer])):
        yield buffer[:count]
        left -= count


def _write(writing: int, data: memoryview) -> None:
    while data:
        data = data[os.write(writing, data) :]


def _transfer_directly(reading: int, writing: int, size: int, take: Callable[[memoryview], None]) -> None:
    """Read and hash one buffer while the disk writes the other. Direct writes need whole blocks in aligned memory."""
    import mmap
    from concurrent.futures import Future, ThreadPoolExecutor

    os.ftruncate(writing, size)
    buffers = [memoryview(mmap.mmap(-1, _DIRECT_BUFFER_BYTES)) for _ in range(2)]
    position, pending = 0, [Future[None]() for _ in buffers]
    for future in pending:
        future.set_result(None)
    with ThreadPoolExecutor(1) as pool:
        while True:
            buffer, done = buffers.pop(0), pending.pop(0)
            done.result()
            filled = _fill(reading, buffer, take)
            pending.append(pool.submit(_write_at, writing, buffer[: _round_up(filled)], position))
            buffers.append(buffer)
            position += filled
            if filled < len(buffer) or position > size:
                break
        for future in pending:
            future.result()
    os.ftruncate(writing, position)  # without the padding of the last block


def _fill(reading: int, buffer: memoryview, take: Callable[[memoryview], None]) -> int:
    """Read until the buffer is full or the file ends. Returns the number of bytes."""
    filled = 0
    while filled < len(buffer):
        piece = buffer[filled : filled + _PIECE_BYTES]
        count = os.readv(reading, [piece])
        if not count:
            break
        take(piece[:count])
        filled += count
    return filled


def _write_at(writing: int, data: memoryview, position: int) -> None:
    while data:
        try:
            written = os.pwrite(writing, data, position)
        except OSError as error:  # blocks larger than ours, or a write that was cut short
            if error.errno != errno.EINVAL or not _set_direct(writing, on=False):
                raise
            continue
        data, position = data[written:], position + written


def _round_up(count: int) -> int:
    return -(-count // _BLOCK_BYTES) * _BLOCK_BYTES


def _set_direct(descriptor: int, *, on: bool) -> bool:
    """Switch direct writes on or off. Returns whether that changed anything: not all file systems support them."""
    import fcntl

    direct = getattr(os, "O_DIRECT", 0)
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    wanted = flags | direct if on else flags & ~direct
    if wanted == flags:
        return False
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, wanted)
    except OSError:
        return False
    return True


def clone(reading: int, writing: int) -> bool:
    """Let an empty open file share the blocks of another. Returns False if the file system does not support it."""
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(writing, _FICLONE, reading)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        return False
    return True


def _clone_paths(source: Path, target: Path) -> bool:
    with source.open("rb") as old, target.open("wb") as new:
        return clone(old.fileno(), new.fileno())


@contextmanager
def _opened(path: str, flags: int, mode: int = 0o777) -> Iterator[int]:
    descriptor = os.open(path, flags | os.O_CLOEXEC, mode)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
