"""The child processes of a keeper: supervisors, and processes that wait for a lock."""

import io
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, NoReturn

from dressage.files.locks import wait_until_free
from dressage.supervision.keeper.admission import Start
from dressage.supervision.supervisor import Supervisor
from dressage.supervision.tickets import TicketQueue

_FORK_PAUSE_S = 1.0


class Ended(NamedTuple):
    """A child that has ended. run_id: of a supervisor; None for a process that waited for a lock."""

    run_id: str | None
    failed: bool = False
    was_killed: bool = False


class _LateLog(io.TextIOBase):
    """The output of a supervisor's own code. The file at `path` is created when there is any, which is rare.

    What the interpreter itself prints, if it crashes, goes to the log of the keeper.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, text: str, /) -> int:
        with self._path.open("a", errors="backslashreplace") as log:
            return log.write(text)


class Children:
    """Forks the children, and notices when they end. forget: closes, in a child, what only the keeper may hold."""

    def __init__(self, queue: TicketQueue, forget: Callable[[], None]) -> None:
        self._queue = queue
        self._forget = forget
        self._supervisors: dict[int, str] = {}
        self._waiters: dict[int, Path] = {}

    @property
    def supervisors(self) -> int:
        """How many supervisors have not been reaped. Each has a slot."""
        return len(self._supervisors)

    def supervise(self, start: Start, variables: Mapping[str, str], at_end: Callable[[], None]) -> None:
        """Fork a run's supervisor. variables: of its shell. at_end: called in the child when the run has ended."""
        run_id = start.slot.ticket.run_id
        if child := _fork():
            start.lock.release()  # the child holds it
            start.slot.claims.release()
            self._supervisors[child] = run_id
            return
        self._be_child(lambda: self._supervise(start, variables, at_end))

    def wait_for(self, path: Path) -> None:
        """Fork a process that ends when the lock at `path` is free, unless a child's end shows that anyway.

        The caller must not hold a lock, because the child would inherit it.
        """
        own = (self._queue.run(run_id).lock("supervisor") for run_id in self._supervisors.values())
        if path in self._waiters.values() or path in own:
            return
        if child := _fork():
            self._waiters[child] = path
            return
        self._be_child(lambda: wait_until_free(path))

    def reap(self) -> Iterator[Ended]:
        """Yield the children that have ended."""
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                child, status = ended
                if self._waiters.pop(child, None):
                    yield Ended(None)
                elif run_id := self._supervisors.pop(child, None):
                    yield Ended(run_id, failed=status != 0, was_killed=os.WIFSIGNALED(status))

    def dismiss_waiters(self) -> None:
        """End the processes that wait for a lock: others may hold it for hours."""
        for child in self._waiters:
            os.kill(child, signal.SIGKILL)

    def _be_child(self, work: Callable[[], None]) -> NoReturn:
        """Do the work of a child process, and end it."""
        code = 1
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._forget()
            work()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)

    def _supervise(self, start: Start, variables: Mapping[str, str], at_end: Callable[[], None]) -> None:
        folder = self._queue.run(start.slot.ticket.run_id)
        sys.stdout = sys.stderr = _LateLog(folder.supervisor_log)
        os.chdir(folder.path)
        try:
            Supervisor(folder, start.launch, start.slot, start.lock, variables).run()
        finally:
            start.lock.release()
            at_end()


def _fork() -> int:
    """Fork this process; wait while the system allows no further process."""
    while True:
        try:
            return os.fork()
        except OSError:
            time.sleep(_FORK_PAUSE_S)
