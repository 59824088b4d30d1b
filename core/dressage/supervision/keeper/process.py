"""The keeper of a queue: a small process that holds the variables of waiting runs and starts each run in its turn.

It forks a supervisor for each run, so that a start costs milliseconds. It sleeps until a message arrives, a child
ends, or a lock that it waits for is released. It ends when no run waits and none of its runs is running. If it is
killed, the next supervisor that ends starts another one, and so does any command that looks at a waiting run.
"""

import json
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from dressage.files.locks import FileLock
from dressage.files.permissions import follow_folder
from dressage.supervision import keepers
from dressage.supervision.identities import Identity
from dressage.supervision.keeper.admission import Admission, Start
from dressage.supervision.keeper.children import Children, Ended
from dressage.supervision.keeper.inbox import Inbox, Message
from dressage.supervision.keeper.line import Line
from dressage.supervision.keepers import Handover, Settings
from dressage.supervision.resources import Machine
from dressage.supervision.tickets import TicketQueue
from dressage.supervision.wakeup import open_wakeup

_MOST_STARTS = 5
"""How often a run is started whose supervisor is killed before it could start the script."""


class Keeper:
    """Starts the runs of one queue. lock: held while this process lives; its name is `key`."""

    def __init__(self, queue: TicketQueue, key: str, lock: FileLock, settings: Settings) -> None:
        self._queue = queue
        self._key = key
        self._lock = lock
        self._settings = settings
        self._line = Line()
        machine = Machine(Path(settings.claims) if settings.claims else None, settings.gpus)
        self._admission = Admission(queue, key, self._line, machine)
        self._inbox = Inbox(queue.keepers / f"{key}.sock", open_wakeup())
        self._children = Children(queue, self._forget)
        self._starts: dict[str, int] = {}

    def serve(self, first: socket.socket) -> None:
        """Take over what a dead keeper left, answer the process that started us, and work until nothing is left."""
        self._admission.adopt()
        self._answer(first, self._inbox.receive_first(first))
        self._advance()
        while self._line or self._children.supervisors or self._inbox.is_receiving:
            has_news = False  # a part of a message is none
            for connection, message in self._inbox.receive():
                self._answer(connection, message)
                has_news = True
            for ended in self._children.reap():
                self._finish(ended)
                has_news = True
            if has_news:
                self._advance()
        self._inbox.close()
        self._children.dismiss_waiters()

    def _answer(self, connection: socket.socket, message: Message) -> None:
        if message.runs:
            self._enqueue(message.runs)
            with suppress(OSError):
                connection.sendall(b"ok")
        if message.changed:
            self._admission.adopt()
        if message.watch and message.watch in self._line:
            self._inbox.watch(message.watch, connection)
        else:
            connection.close()

    def _enqueue(self, runs: tuple[Handover, ...]) -> None:
        """Write the tickets of new runs. A run that has one keeps its place.

        The sender may be late: an earlier keeper may have got the same message, and the run may have been started. Or
        we are late, because we were stopped: the sender has recorded that the submission failed.
        """
        with self._queue.lock():
            for run in runs:
                ticket, folder = self._queue.find(run.run_id), self._queue.run(run.run_id)
                if ticket and ticket.attempt == run.attempt:
                    ticket = ticket._replace(keeper=self._key, note=None, is_blocked=False)
                    self._queue.write(ticket)
                elif folder.was_supervised(run.attempt) or folder.has_ended(run.attempt):
                    continue
                else:
                    ticket = self._queue.draw(run.run_id, run.attempt, run.priority, self._key)
                self._line.remember(run.run_id, run.environ)
                if self._admission.find_launch(ticket):
                    self._line.push(ticket)
                else:
                    self._line.forget(run.run_id)

    def _advance(self) -> None:
        """Start the runs whose turn it is, as long as there are slots and resources.

        Other keepers may wait for a run that has left our line: because it was started, canceled or blocked.
        """
        before, is_full = len(self._line), self._has_all_slots
        while not is_full and (start := self._admission.admit()):
            self._start(start)
            is_full = self._has_all_slots
        for path in () if is_full else list(self._admission.awaited):
            self._children.wait_for(path)
        for key in self._admission.other_keepers() if len(self._line) < before else ():
            keepers.notify(self._queue, key)

    @property
    def _has_all_slots(self) -> bool:
        """Whether our runs take all slots: then the next of them that ends gives its slot to another run."""
        return 0 < self._queue.read_slots(0) <= self._children.supervisors

    def _start(self, start: Start) -> None:
        run_id = self._line.pop()
        self._inbox.release(run_id)
        variables = self._line.variables(run_id)
        if variables is None:
            self._queue.run(run_id).lose_environment(start.launch.attempt)
        self._children.supervise(start, variables or os.environ, self._restart)

    def _finish(self, ended: Ended) -> None:
        """Free the slot of a run; start it again if its supervisor was killed before it could start the script."""
        if ended.run_id is None:  # a lock is free: another keeper or one of its runs has ended
            self._admission.adopt()
            return
        starts = self._starts[ended.run_id] = self._starts.get(ended.run_id, 0) + 1
        may_start_again = not ended.failed or (ended.was_killed and starts < _MOST_STARTS)
        self._admission.finish(ended.run_id, may_start_again=may_start_again)

    def _restart(self) -> None:
        """Start another keeper if ours was killed. It gets the variables that were known when we were forked.

        Called in a supervisor's process.
        """
        if not self._queue.has_waiting() or keepers.is_alive(self._queue, self._key):
            return
        runs = []
        for ticket in self._queue.waiting():
            variables = self._line.variables(ticket.run_id)
            if ticket.keeper == self._key and variables is not None:
                runs.append(Handover(ticket.run_id, ticket.attempt, ticket.priority, variables))
        if runs:
            keepers.hand_over(self._queue, runs, self._settings)
        else:
            keepers.revive(self._queue, self._settings)

    def _forget(self) -> None:
        """Close, in a child process, what only the keeper may hold."""
        self._lock.release()
        self._inbox.forget()


def _wake(lock: Path) -> None:
    """Let the keeper that holds the lock check its socket, which may have been deleted."""
    keeper = Identity.parse(lock.read_bytes())
    if keeper and keeper.is_here:
        os.kill(keeper.process, signal.SIGCHLD)


def main() -> None:
    """Run a keeper. Arguments: the queue's folder, the key, the descriptor of the first connection, the settings."""
    folder, key, first, settings = sys.argv[1:]
    queue = TicketQueue(Path(folder))
    follow_folder(queue.workspace.stat().st_mode)
    lock = FileLock(queue.keepers / f"{key}.lock")
    if not lock.acquire(blocking=False):
        _wake(lock.path)  # another keeper lives; who started us connects to it
        return
    os.ftruncate(lock.descriptor, 0)
    os.write(lock.descriptor, str(Identity.of(os.getpid())).encode())
    connection = socket.socket(fileno=int(first))
    os.set_inheritable(connection.fileno(), False)
    Keeper(queue, key, lock, Settings(*json.loads(settings))).serve(connection)
