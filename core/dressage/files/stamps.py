"""Stamps of files: what the file system says about a file without reading it."""

import os
import time
from typing import NamedTuple

SETTLED_NS = 10_000_000_000
"""How far in the past `settle` sets the modification time of a file that we wrote."""
_COARSE_NS = 2_000_000_000
"""The coarsest modification times: FAT counts in steps of two seconds."""
_FINE_NS = 100_000_000
"""Longer than one step of the kernel's clock for files, where modification times have fractions of a second."""


class Stamp(NamedTuple):
    """Size, modification time and inode: if none of them changes, the file's bytes have not changed."""

    size: int
    mtime_ns: int
    inode: int


def stamp_of(status: os.stat_result) -> Stamp:
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)


def is_settled(stamp: Stamp, read_ns: int) -> bool:
    """Return whether a later write would change the stamp. read_ns: when the file was last read, ns since 1970.

    A file that was modified just before it was read may be modified again within the same step of the file system's
    clock, with the same stamp. (Git has the same rule for its index.)
    """
    step = _FINE_NS if stamp.mtime_ns % 1_000_000_000 else _COARSE_NS
    return stamp.mtime_ns + step < read_ns


def settle(descriptor: int) -> Stamp:
    """Date a file that we wrote back by ten seconds, so that its stamp can be trusted at once. Returns the stamp."""
    mtime = time.time_ns() - SETTLED_NS
    os.utime(descriptor, ns=(mtime, mtime))
    return stamp_of(os.fstat(descriptor))
