"""Build folders: each is locked by the process that uses it, and removed later if that process was killed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dressage.files.locks import FileLock
from dressage.platforms.protocols import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFolder:
    """A folder that only this process uses. descriptor: of its lock, for child processes that write into it."""

    folder: Path
    descriptor: int

    @property
    def environment(self) -> Path:
        """The path of the environment that is being built."""
        return self.folder / "environment"


@contextmanager
def open_build_folder(root: Path) -> Iterator[BuildFolder]:
    """Create a build folder, and remove it at the end; after a kill, the next process that builds removes it."""
    building = root / "building"
    building.mkdir(parents=True, exist_ok=True)
    folder = building / os.urandom(8).hex()
    lock = FileLock(folder / "lock")
    # Under this lock no other process sees a folder that is not locked yet.
    with FileLock(building / ".lock"):
        _sweep(building)
        folder.mkdir()
        lock.acquire()
    try:
        yield BuildFolder(folder=folder, descriptor=lock.descriptor)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def publish(place: BuildFolder, target: Path) -> None:
    """Move the environment to `target`; a broken one that is there is removed first."""
    if target.exists():
        target.rename(place.folder / "replaced")
    place.environment.rename(target)


@contextmanager
def hold_lock(path: Path, progress: Progress, waiting: str) -> Iterator[None]:
    """Hold the lock at `path`; `waiting` is reported if another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    if not lock.acquire(blocking=False):
        progress(waiting, 0, None)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _sweep(building: Path) -> None:
    for folder in building.iterdir():
        if not folder.is_dir():
            continue
        lock = FileLock(folder / "lock")
        with suppress(FileNotFoundError):  # its owner has just removed it
            if lock.acquire(blocking=False):
                shutil.rmtree(folder, ignore_errors=True)
                lock.release()
