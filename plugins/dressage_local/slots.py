"""A queue across processes: whoever came first gets in first, and the dead hold up nobody.

Each run's supervisor holds a lock on a ticket of its own, in a folder, for as long as it lives. It may go on
once fewer live tickets than there are slots were drawn before its own. A supervisor that dies, however, lets
go of its ticket, and those behind it are woken by its end, not by looking again and again.
"""

import os
import select
from pathlib import Path

from dressage.locks import FileLock, is_locked

_LOOK_AGAIN_S = 0.5
"""Where the system cannot tell that a process has ended (no pidfd), or the ticket does not say whose it is yet."""


class Ticket:
    """A place in the queue in `folder`, taken at once and held until `release` or death."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        with FileLock(folder / ".lock"):
            self.number = max(_numbers(folder), default=0) + 1
            self._lock = FileLock(folder / f"{self.number}.ticket")
            self._lock.acquire()
            os.write(self._lock.descriptor, str(os.getpid()).encode())

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
        (self._folder / f"{self.number}.ticket").unlink(missing_ok=True)
        self._lock.release()

    def _ahead(self) -> list[Path]:
        ahead = [
            self._folder / f"{number}.ticket" for number in _numbers(self._folder) if number < self.number
        ]
        alive = [path for path in ahead if is_locked(path)]
        for path in set(ahead) - set(alive):
            path.unlink(missing_ok=True)
        return alive


def _numbers(folder: Path) -> list[int]:
    return sorted(int(path.stem) for path in folder.glob("*.ticket"))


def _pidfd(ticket: Path) -> int | None:
    """A descriptor that becomes readable when the ticket's holder ends; None if there is no such thing."""
    try:
        return os.pidfd_open(int(ticket.read_text()))
    except (AttributeError, OSError, ValueError):
        return None
