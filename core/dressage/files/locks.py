"""Locks that end with their holder: `flock` on a file, released by the kernel however the process dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self


class FileLock:
    """An exclusive lock on the file at `path`, made if it is not there. Not reentrant; one object, one hold."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @classmethod
    def inherited(cls, path: Path, descriptor: int) -> Self:
        """The lock at `path` that a parent process took and handed down. It is not handed down further."""
        lock = cls(path)
        os.set_inheritable(descriptor, False)
        lock._descriptor = descriptor
        return lock

    def acquire(self, *, blocking: bool = True) -> bool:
        """Take the lock; False if someone else has it and `blocking` is off.

        Its holder may remove the file, as the last thing it does under it: who waited then takes a new one.
        """
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if blocking else fcntl.LOCK_NB))
                if _is_at(descriptor, self.path):
                    self._descriptor = descriptor
                    return True
            except BlockingIOError:
                return False
            finally:
                if descriptor != self._descriptor:
                    os.close(descriptor)

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @contextmanager
    def released(self) -> Iterator[Self]:
        """Held already; let go of at the end of the block, however it ends."""
        try:
            yield self
        finally:
            self.release()

    @property
    def descriptor(self) -> int:
        """The descriptor that holds it: a child process that inherits this one goes on holding the lock."""
        if self._descriptor is None:
            raise ValueError(f"lock {self.path} is not held")
        return self._descriptor

    @property
    def is_held(self) -> bool:
        return self._descriptor is not None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.release()

    def __del__(self) -> None:
        self.release()


def is_locked(path: Path) -> bool:
    """Whether some process holds the lock at `path`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # Shared: two that look at once do not take each other for the holder.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is the one at `path` still."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
