"""The queue of a compute target on the disk: a ticket for each waiting run, an entry for each run that has a slot.

    NAME.queue/
      waiting/RUN          a ticket: the run waits, or its script is about to start
      running/RUN          the ticket of a run that has a slot
      keepers/KEY.lock     held by a keeper while it lives; KEY.sock: where it is reached
      number               the number of the last ticket

A waiting run has no process. A slot is taken while the run's supervisor or its script is alive, which their locks
show. Importing this module imports only the standard library: keepers stay small.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from dressage.files.atomic import write_json
from dressage.files.locks import is_locked
from dressage.files.regular import read_regular
from dressage.records.run_folder import RunFolder

_LONGEST_NUMBER = 20
"""Digits of a ticket's number that are read."""


_LAST = 1 << 62
"""The number of a damaged ticket."""


class Ticket(NamedTuple):
    """A run's place in the queue.

    number: in the order of submission; a retry keeps it. priority: a higher one starts first.
    keeper: the key of the keeper that has the run's environment variables.
    note: why the run cannot start although it is its turn; None if it only waits.
    is_blocked: the run waits for a resume, so that later ones do not wait for it.
    """

    run_id: str
    attempt: int
    number: int
    priority: int = 0
    keeper: str = ""
    note: str | None = None
    is_blocked: bool = False

    @property
    def rank(self) -> tuple[int, int]:
        """Tickets are served in the ascending order of their ranks."""
        return (-self.priority, self.number)


class TicketQueue:
    """The queue in `folder`, which is next to the target's description. workspace: its root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keepers = folder / "keepers"
        self._waiting = folder / "waiting"
        self._running = folder / "running"
        self._target = folder.with_name(f"{folder.name.removesuffix('.queue')}.json")
        self.workspace = folder.parents[1]
        self._runs = self.workspace / "runs"

    @property
    def target(self) -> str:
        """The name of the compute target."""
        return self._target.name.removesuffix(".json")

    def create(self) -> None:
        """Create the folders, if they do not exist."""
        for folder in (self.keepers, self._waiting, self._running):
            folder.mkdir(parents=True, exist_ok=True)

    def run(self, run_id: str) -> RunFolder:
        """Return the folder of a run in the same workspace."""
        return RunFolder(self._runs / run_id)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the queue's lock: no other process adds, starts or removes a ticket. Hold it only briefly."""
        descriptor = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # a child process may have inherited the descriptor
            os.close(descriptor)

    def read_slots(self, default: int) -> int:
        """Return how many runs the target executes at a time. default: if the target was deleted."""
        try:
            return int(json.loads(read_regular(self._target))["slots"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return default

    def draw(self, run_id: str, attempt: int, priority: int, keeper: str) -> Ticket:
        """Add a run to the queue. Hold the lock."""
        counter = self.folder / "number"
        try:
            number = int(read_regular(counter)[:_LONGEST_NUMBER]) + 1
        except (OSError, ValueError):
            drawn = (ticket.number for ticket in [*self.waiting(), *self.running()])
            number = max((one for one in drawn if one != _LAST), default=0) + 1
        write_json(counter, number)
        ticket = Ticket(run_id, attempt, number, priority, keeper)
        self.write(ticket)
        return ticket

    def write(self, ticket: Ticket) -> None:
        """Add or replace a waiting run's ticket. Hold the lock."""
        write_json(self._waiting / ticket.run_id, ticket)

    def find(self, run_id: str) -> Ticket | None:
        """Return the ticket of a waiting run; None if it does not wait."""
        return _read(self._waiting / run_id)

    def remove(self, run_id: str) -> bool:
        """Remove a waiting run's ticket. Returns False if there was none. Hold the lock: others may write it."""
        try:
            (self._waiting / run_id).unlink()
        except FileNotFoundError:
            return False
        return True

    def leave(self, run_id: str) -> None:
        """Remove a run's ticket, and so the run from the queue."""
        with self.lock():
            self.remove(run_id)

    def has_waiting(self) -> bool:
        """Return whether any run waits."""
        with suppress(FileNotFoundError), os.scandir(self._waiting) as entries:
            return any(not entry.name.startswith(".") for entry in entries)
        return False

    def waiting(self) -> list[Ticket]:
        """Return the waiting runs, the next one first."""
        return sorted(_read_all(self._waiting), key=lambda ticket: ticket.rank)

    @property
    def version(self) -> int:
        """A number that changes when a ticket is added or removed."""
        try:
            return self._waiting.stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def occupy(self, ticket: Ticket) -> None:
        """Take a slot for a run. Hold the lock, and the lock of the run's supervisor."""
        write_json(self._running / ticket.run_id, ticket)

    def vacate(self, run_id: str) -> None:
        """Give up a run's slot."""
        (self._running / run_id).unlink(missing_ok=True)

    def running(self) -> list[Ticket]:
        """Return the runs that took a slot. Their supervisors may have been killed."""
        return list(_read_all(self._running))

    def find_running(self, run_id: str) -> Ticket | None:
        """Return the ticket of a run that took a slot; None if it has none."""
        return _read(self._running / run_id)

    def damaged(self) -> list[Path]:
        """Return the files that are not the ticket of a run."""
        folders = (self._waiting, self._running)
        return [
            folder / ticket.run_id
            for folder in folders
            for ticket in _read_all(folder)
            if ticket.number == _LAST or not self.run(ticket.run_id).path.is_dir()
        ]

    def find_lock(self, run_id: str) -> Path | None:
        """Return the lock that shows that a run takes its slot: its supervisor's or its script's; None if neither."""
        folder = self.run(run_id)
        locks = (folder.lock("supervisor"), folder.lock("script"))
        with suppress(PermissionError):  # no keeper of this user can have started the run
            return next((lock for lock in locks if is_locked(lock)), None)
        return None


def _read_all(folder: Path) -> Iterator[Ticket]:
    with suppress(FileNotFoundError):
        for name in os.listdir(folder):  # noqa: PTH208 (many entries)
            if not name.startswith(".") and (ticket := _read(folder / name)):
                yield ticket


def _check(ticket: Ticket, run_id: str) -> Ticket:
    """Return the ticket. Raises TypeError or ValueError if a field is wrong."""
    numbers = (ticket.attempt, ticket.number, ticket.priority)
    if ticket.run_id != run_id or not all(type(number) is int for number in numbers):
        raise ValueError("it is the ticket of another run, or has no number")
    if not isinstance(ticket.keeper, str) or not isinstance(ticket.note, str | None):
        raise TypeError("its keeper or its note is not text")
    return ticket


def _read(path: Path) -> Ticket | None:
    """Read a ticket; None if it does not exist. A damaged one counts as the last in the queue."""
    try:
        return _check(Ticket(*json.loads(read_regular(path))), path.name)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, RecursionError):
        pass
    note = f"its ticket is damaged; continue the run with: dressage resume {path.name}"
    return Ticket(path.name, 0, _LAST, note=note, is_blocked=True)
