"""Folders for objects that are not complete yet.

Each is locked while it is in use. Unlocked ones were left by killed processes; the next process that adds objects
removes them.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dressage.files.locks import FileLock
from dressage.files.trees import remove_tree


@contextmanager
def staging_folder(aside: Path) -> Iterator[Path]:
    """Create a folder below `aside`, and remove it at the end of the block."""
    aside.mkdir(parents=True, exist_ok=True)
    _sweep(aside)
    folder = aside / uuid.uuid4().hex
    with FileLock(folder.with_suffix(".lock")):
        folder.mkdir()
        try:
            yield folder
        finally:
            remove_tree(folder)
            folder.with_suffix(".lock").unlink(missing_ok=True)


def _sweep(aside: Path) -> None:
    for left in aside.glob("*.lock"):
        lock = FileLock(left)
        if lock.acquire(blocking=False):  # hold it while removing: its owner may be about to lock it
            _remove(left.with_suffix(""))
            left.unlink(missing_ok=True)
            lock.release()


def _remove(left: Path) -> None:
    if left.is_dir():
        remove_tree(left)
    else:  # a single file, left by an earlier version of dressage
        left.unlink(missing_ok=True)
