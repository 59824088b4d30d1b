"""The tickets of a queue, with clients and keepers that are killed between two of their steps."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.machines import LONG, QUICK

from dressage.files.locks import FileLock
from dressage.supervision.inspection import inspect_queues
from dressage.supervision.tickets import Ticket, TicketQueue

RUNS = ["run-0", "run-1", "run-2", "run-3"]
DAMAGE = st.sampled_from(
    [b"", b"{", b"null", b'["run-0"]', b'["run-9", 1, 1]', b'["run-0", "1", 1]', b"[" * 9000]
)


class QueueMachine(RuleBasedStateMachine):
    """Each run has its place until it ends or is withdrawn, in the order of priorities and submissions.

    waiting, running: the tickets as they were written; None for a damaged one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="dressage-machine-"))
        self.folder = self.root / "compute" / "small.queue"
        for run_id in RUNS:
            (self.root / "runs" / run_id).mkdir(parents=True)
        self.queue.create()
        self.waiting: dict[str, Ticket | None] = {}
        self.running: dict[str, Ticket] = {}
        self.locks: dict[str, FileLock] = {}

    def teardown(self) -> None:
        for lock in self.locks.values():
            lock.release()
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def queue(self) -> TicketQueue:
        """A new object, as another process has."""
        return TicketQueue(self.folder)

    @rule(run_id=st.sampled_from(RUNS), priority=st.integers(-2, 2))
    def submit(self, run_id: str, priority: int) -> None:
        with self.queue.lock():
            ticket = self.queue.draw(run_id, 1, priority, "keeper")
        drawn = [one.number for one in [*self.waiting.values(), *self.running.values()] if one]
        assert ticket.number > max(drawn, default=0)
        self.waiting[run_id] = ticket

    @rule()
    def start_the_next_one(self) -> None:
        """A keeper starts the first ticket that is not blocked: it takes a slot, and then leaves the line."""
        if ticket := self.next():
            lock = FileLock(self.queue.run(ticket.run_id).lock("supervisor"))
            if lock.acquire(blocking=False):
                with self.queue.lock():
                    self.queue.occupy(ticket)
                self.queue.leave(ticket.run_id)
                self.locks[ticket.run_id] = lock
                self.running[ticket.run_id] = ticket
                del self.waiting[ticket.run_id]

    def next(self) -> Ticket | None:
        return next((ticket for ticket in self.queue.waiting() if not ticket.is_blocked), None)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), is_killed=st.booleans())
    def end(self, data: st.DataObject, is_killed: bool) -> None:
        """A run ends. If its supervisor is killed, its ticket stays: its lock says that it has no slot."""
        run_id = data.draw(st.sampled_from(sorted(self.running)))
        if run_id in self.locks:
            self.locks.pop(run_id).release()
        assert self.queue.find_lock(run_id) is None
        if not is_killed:
            self.queue.vacate(run_id)
            del self.running[run_id]

    @rule(run_id=st.sampled_from(RUNS))
    def cancel(self, run_id: str) -> None:
        with self.queue.lock():
            assert self.queue.remove(run_id) == (run_id in self.waiting)
        self.waiting.pop(run_id, None)

    @rule(run_id=st.sampled_from(RUNS), content=DAMAGE)
    def damage_a_ticket(self, run_id: str, content: bytes) -> None:
        if run_id in self.waiting:
            (self.folder / "waiting" / run_id).write_bytes(content)
            self.waiting[run_id] = None

    @rule(content=DAMAGE)
    def damage_the_number(self, content: bytes) -> None:
        (self.folder / "number").write_bytes(content)

    @rule(run_id=st.sampled_from(RUNS))
    def die_while_writing_a_ticket(self, run_id: str) -> None:
        (self.folder / "waiting" / f".{run_id}.0011223344556677").write_bytes(b'["run')

    @invariant()
    def those_that_wait_are_in_their_order(self) -> None:
        found = self.queue.waiting()
        whole = [ticket for ticket in self.waiting.values() if ticket]
        assert [ticket for ticket in found if not ticket.is_blocked] == sorted(
            whole, key=lambda one: one.rank
        )
        assert {ticket.run_id for ticket in found} == set(self.waiting)

    @invariant()
    def those_that_run_have_a_slot(self) -> None:
        assert {ticket.run_id: ticket for ticket in self.queue.running()} == self.running
        for run_id in RUNS:
            assert (self.queue.find_lock(run_id) is not None) == (run_id in self.locks)

    @invariant()
    def the_damaged_ones_are_named(self) -> None:
        named = {damage.path.name for damage in inspect_queues(self.root)}
        assert named == {run_id for run_id, ticket in self.waiting.items() if ticket is None}


def test_any_order_of_submissions_and_ends():
    run_state_machine_as_test(QueueMachine, settings=QUICK)


@pytest.mark.slow
def test_many_orders_of_submissions_and_ends():
    run_state_machine_as_test(QueueMachine, settings=LONG)
