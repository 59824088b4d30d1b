"""Work in progress: folders that belong to the process that locks them, and what killed ones left behind."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dressage.files.locks import FileLock
from dressage.platforms.protocols import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A folder of our own. descriptor: of its lock, for child processes that write into it."""

    folder: Path
    descriptor: int

    @property
    def environment(self) -> Path:
        return self.folder / "environment"


@contextmanager
def aside(root: Path) -> Iterator[Aside]:
    """A fresh folder that is gone afterwards, or is swept by the next who builds."""
    building = root / "building"
    building.mkdir(parents=True, exist_ok=True)
    folder = building / os.urandom(8).hex()
    lock = FileLock(folder / "lock")
    # Under this lock nobody sees a folder that is made but not locked yet.
    with FileLock(building / ".lock"):
        _sweep(building)
        folder.mkdir()
        lock.acquire()
    try:
        yield Aside(folder=folder, descriptor=lock.descriptor)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def publish(built: Aside, target: Path) -> None:
    """Put the environment in its place; one that was found broken there goes first."""
    if target.exists():
        target.rename(built.folder / "replaced")
    built.environment.rename(target)


@contextmanager
def held(path: Path, progress: Progress, waiting: str) -> Iterator[None]:
    """Hold the lock at `path`; `waiting` is reported if someone else has it."""
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
        with suppress(FileNotFoundError):  # its owner has just cleared it away
            if lock.acquire(blocking=False):
                shutil.rmtree(folder, ignore_errors=True)
                lock.release()
