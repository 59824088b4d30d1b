"""Make sure that files survive a power failure, many at a time."""

import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

_ALL_FROM = 32
"""From this number of files on, one call for the whole file system is faster than one for each file."""


def sync_files(paths: Sequence[str]) -> None:
    """Return when the bytes of the files are on the disk."""
    if len(paths) >= _ALL_FROM and _sync_file_system(paths[0]):
        return
    if len(paths) < 2:
        for path in paths:
            _sync_file(path)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:  # file systems write several files in one commit
        list(pool.map(_sync_file, paths))


def sync_folder(path: Path) -> None:
    """Return when the names of the files in a folder are on the disk."""
    _sync_file(str(path))


def _sync_file(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file_system(path: str) -> bool:
    """Write all changes of the path's file system. Returns False if the system cannot do that."""
    syncfs = _find_syncfs()
    if syncfs is None:
        return False
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return bool(syncfs(descriptor) == 0)
    finally:
        os.close(descriptor)


@cache
def _find_syncfs() -> Any:
    """Return the C library's `syncfs`, which Python does not offer; None outside Linux."""
    if sys.platform != "linux":
        return None
    import ctypes

    return getattr(ctypes.CDLL(None), "syncfs", None)
