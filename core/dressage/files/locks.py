"""File locks: `flock` on a file. The kernel releases the lock when its process ends, even by SIGKILL."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self


class FileLock:
    """An exclusive lock on the file at `path`, which is created if it does not exist. It is not reentrant."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @classmethod
    def from_descriptor(cls, path: Path, descriptor: int) -> Self:
        """Use a lock that a parent process acquired; child processes of this process do not inherit it."""
        lock = cls(path)
        os.set_inheritable(descriptor, False)
        lock._descriptor = descriptor
        return lock

    def acquire(self, *, blocking: bool = True) -> bool:
        """Acquire the lock. Returns False if another process holds it and `blocking` is False.

        The holder may remove the file as its last step; waiters then lock a new file.
        """
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
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
        """Release the lock, if it is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @contextmanager
    def release_at_end(self) -> Iterator[Self]:
        """Release the lock, which is already held, at the end of the block."""
        try:
            yield self
        finally:
            self.release()

    @property
    def descriptor(self) -> int:
        """The descriptor that holds the lock; a child process that inherits it keeps the lock held."""
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


def wait_until_free(path: Path) -> None:
    """Block until no process holds the lock at `path`."""
    with suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)  # shared: several processes may wait
        finally:
            os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Return whether any process holds the lock at `path`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would block
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        # A shared lock: two processes that check at the same time must not block each other.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _is_at(descriptor: int, path: Path) -> bool:
    """Return whether `path` still names the open file."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
