"""A queue across processes: whoever came first gets in first, and the dead hold up nobody.

A run's ticket is drawn when it is submitted, a file in a folder; its supervisor inherits the lock on it and
holds that for as long as it lives. It may go on once fewer live tickets than there are slots were drawn before
its own. A supervisor that dies, however, lets go of its ticket, and those behind it are woken by its end, not
by looking again and again.
"""

import os
import select
from pathlib import Path
from typing import Self

from dressage.files.locks import FileLock, is_locked

_LOOK_AGAIN_S = 0.5
"""Where the system cannot tell that a process has ended (no pidfd), or the ticket does not say whose it is yet."""


class Ticket:
    """A place in the queue in `folder`, kept until `release` or the death of whoever holds its lock."""

    def __init__(self, folder: Path, number: int, lock: FileLock) -> None:
        self.number = number
        self.lock = lock
        self._folder = folder

    @classmethod
    def draw(cls, folder: Path) -> Self:
        """The next free place."""
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            number = max(_numbers(folder), default=0) + 1
            lock = FileLock(_path(folder, number))
            lock.acquire()
        return cls(folder, number, lock)

    @classmethod
    def inherited(cls, folder: Path, number: int, descriptor: int) -> Self:
        """The place that a parent process drew for us; from now on we are the one to wait for."""
        os.write(descriptor, str(os.getpid()).encode())
        return cls(folder, number, FileLock.from_descriptor(_path(folder, number), descriptor))

    def is_admitted(self, slots: int) -> bool:
        """Whether the run may start. Tickets of the dead are removed on the way."""
        return len(self._ahead()) < slots

    def wait(self, wakeup: int) -> None:
        """Block until someone ahead has ended, or the descriptor `wakeup` can be read."""
        watched = [descriptor for path in self._ahead() if (descriptor := _pidfd(path)) is not None]
        limit = None if len(watched) == len(self._ahead()) and watched else _LOOK_AGAIN_S
        try:
            select.select([wakeup, *watched], [], [], limit)
        finally:
            for descriptor in watched:
                os.close(descriptor)

    def release(self) -> None:
        self.lock.path.unlink(missing_ok=True)
        self.lock.release()

    def _ahead(self) -> list[Path]:
        ahead = [_path(self._folder, number) for number in _numbers(self._folder) if number < self.number]
        alive = [path for path in ahead if is_locked(path)]
        for path in set(ahead) - set(alive):
            path.unlink(missing_ok=True)
        return alive


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number}.ticket"


def _numbers(folder: Path) -> list[int]:
    return sorted(int(path.stem) for path in folder.glob("*.ticket"))


def _pidfd(ticket: Path) -> int | None:
    """A descriptor that becomes readable when the ticket's holder ends; None if there is no such thing."""
    try:
        return os.pidfd_open(int(ticket.read_text()))
    except (AttributeError, OSError, ValueError):
        return None
