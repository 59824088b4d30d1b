"""A queue across processes. Runs start in the order of submission; a dead process does not block the queue.

A ticket is a file in the queue's folder. It is drawn when a run is submitted; the run's supervisor inherits the
lock on it, and holds the lock while it is running. The run may start when fewer live tickets than slots are ahead
of it. When a supervisor ends, even by SIGKILL, the kernel releases its lock and wakes the waiting supervisors.
"""

import os
import select
from pathlib import Path
from typing import Self

from dressage.files.locks import FileLock, is_locked

_POLL_S = 0.5
"""How often to check if the system has no pidfd, or the ticket's process id is not written yet."""


class Ticket:
    """A place in the queue in `folder`, kept until `release` is called or the lock's holder ends."""

    def __init__(self, folder: Path, number: int, lock: FileLock) -> None:
        self.number = number
        self.lock = lock
        self._folder = folder

    @classmethod
    def draw(cls, folder: Path) -> Self:
        """Draw the next ticket, and lock it."""
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            number = max(_numbers(folder), default=0) + 1
            lock = FileLock(_path(folder, number))
            lock.acquire()
        return cls(folder, number, lock)

    @classmethod
    def from_descriptor(cls, folder: Path, number: int, descriptor: int) -> Self:
        """Use the ticket that a parent process drew, and write our process id into it."""
        os.write(descriptor, str(os.getpid()).encode())
        return cls(folder, number, FileLock.from_descriptor(_path(folder, number), descriptor))

    def is_admitted(self, slots: int) -> bool:
        """Return whether the run may start. Tickets of dead processes are removed."""
        return len(self._ahead()) < slots

    def wait(self, wakeup: int) -> None:
        """Block until a process ahead has ended, or the descriptor `wakeup` is readable."""
        watched = [descriptor for path in self._ahead() if (descriptor := _pidfd(path)) is not None]
        limit = None if len(watched) == len(self._ahead()) and watched else _POLL_S
        try:
            select.select([wakeup, *watched], [], [], limit)
        finally:
            for descriptor in watched:
                os.close(descriptor)

    def release(self) -> None:
        """Give up the place."""
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
    """Return a descriptor that becomes readable when the ticket's holder ends; None if that is not possible."""
    try:
        return os.pidfd_open(int(ticket.read_text()))
    except (AttributeError, OSError, ValueError):
        return None
