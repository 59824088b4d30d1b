"""Decide which run of a queue starts next, and give it a slot."""

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from dressage.errors import StageError
from dressage.files.locks import FileLock, is_locked
from dressage.supervision import keepers
from dressage.supervision.keeper.line import Line
from dressage.supervision.launch import Launch
from dressage.supervision.processes import kill_leftover
from dressage.supervision.resources import Claims, Machine, Refusal
from dressage.supervision.supervisor import Slot, begin_retry
from dressage.supervision.tickets import Ticket, TicketQueue


class Start(NamedTuple):
    """A run that has a slot. lock: the run's lock, which its supervisor gets."""

    launch: Launch
    slot: Slot
    lock: FileLock


class Admission:
    """Gives slots to the runs in `line`, which wait in `queue` for the keeper with this key.

    awaited: the locks whose release may let a run start.
    """

    def __init__(self, queue: TicketQueue, key: str, line: Line, machine: Machine) -> None:
        self._queue = queue
        self._key = key
        self._line = line
        self._machine = machine
        self.awaited: set[Path] = set()
        self._starting: set[Path] = set()

    def adopt(self) -> None:
        """Take over the tickets that are ours, or those of a dead keeper of the same place."""
        with self._queue.lock():
            for ticket in self._queue.waiting():
                if ticket.is_blocked or not self._is_ours(ticket):
                    continue
                if ticket.keeper != self._key:
                    self._queue.write(ticket._replace(keeper=self._key))
                lock = self._queue.run(ticket.run_id).lock("supervisor")
                if is_locked(lock):  # it is being started
                    self._starting.add(lock)
                else:
                    self._line.push(ticket)
            for ticket in self._queue.running():
                self._settle(ticket)

    def admit(self) -> Start | None:
        """Give a slot to the run whose turn it is, and lock the run; None if it has to wait."""
        self._starting = {lock for lock in self._starting if is_locked(lock)}
        self.awaited = set(self._starting)
        with self._queue.lock():
            while found := self._next():
                ticket, launch = found
                if self._is_behind_others(ticket) or not self._has_free_slot(ticket, launch):
                    return None
                if self._line.first != ticket.run_id:  # the supervisor of an earlier one was killed just now
                    continue
                lock = FileLock(self._queue.run(ticket.run_id).lock("supervisor"))
                if not lock.acquire(blocking=False):
                    self.awaited.add(lock.path)
                    if not self._queue.find_running(ticket.run_id):  # the attempt before is about to end
                        return None
                    self._starting.add(lock.path)  # a dead keeper's supervisor is starting it
                    self._line.pop()
                    continue
                claims = self._claim(ticket, launch)
                if isinstance(claims, Refusal) and claims.paths:
                    self._note(ticket, claims.reason)
                    self.awaited.update(claims.paths)
                    return None
                self._queue.occupy(ticket)
                return Start(launch, _slot_of(self._queue, ticket, claims), lock)
        return None

    def finish(self, run_id: str, *, may_start_again: bool) -> None:
        """Free the slot of a run whose supervisor has ended.

        may_start_again: start it again if the supervisor ended before it could start the script.
        """
        with self._queue.lock():
            if entry := self._queue.find_running(run_id):
                self._settle(entry)
            ticket = self._queue.find(run_id)
            if ticket is None:
                self._line.forget(run_id)
            elif may_start_again:
                self._line.push(ticket)
            else:
                self._queue.remove(run_id)  # its status says why, from its supervisor's log

    def other_keepers(self) -> list[str]:
        """Return the keys of the other living keepers of this queue."""
        with suppress(FileNotFoundError):
            others = [path for path in self._queue.keepers.iterdir() if path.stem != self._key]
            return [path.stem for path in others if path.suffix == ".lock" and is_locked(path)]
        return []

    def _next(self) -> tuple[Ticket, Launch] | None:
        """Return the first run that can be started. Runs that were canceled have no ticket."""
        while self._line:
            run_id = self._line.first
            ticket = self._queue.find(run_id)
            is_ours = ticket and ticket.keeper == self._key and not ticket.is_blocked
            if ticket and is_ours and (launch := self.find_launch(ticket)):
                return ticket, launch
            self._line.pop()
            self._line.forget(run_id)
        return None

    def find_launch(self, ticket: Ticket) -> Launch | None:
        """Return how the run is started; block it and return None if it cannot be. Hold the queue's lock."""
        launch = self._read_launch(ticket)
        return launch if launch and self._has_variables(ticket, launch) else None

    def _read_launch(self, ticket: Ticket) -> Launch | None:
        try:
            return Launch.read(self._queue.run(ticket.run_id).launch)
        except (OSError, ValueError, TypeError) as error:
            self._block(ticket, f"its launch.json cannot be read ({error}); repeat the submission")
            return None

    def _has_variables(self, ticket: Ticket, launch: Launch) -> bool:
        """Return whether the run can get its variables. If they were lost, a run without secrets gets ours."""
        known = self._line.variables(ticket.run_id) or {}
        if not (missing := [name for name in launch.secrets if name not in known]):
            return True
        self._block(ticket, f"needs {', '.join(missing)}: resume it from a shell that has it")
        return False

    def _block(self, ticket: Ticket, reason: str) -> None:
        """Let later runs pass this one until it is resumed."""
        note = f"{reason}: dressage resume {ticket.run_id}"
        self._queue.write(ticket._replace(note=note, is_blocked=True))

    def _note(self, ticket: Ticket, note: str | None) -> None:
        if ticket.note != note:
            self._queue.write(ticket._replace(note=note))

    def _is_behind_others(self, ticket: Ticket) -> bool:
        """Return whether a run of another living keeper comes first. Then wait until that keeper ends or tells us.

        A run that has a slot and is being started does not come first: that keeper would not tell us its end.
        """
        others = self.other_keepers()
        for other in self._queue.waiting() if others else ():
            if other.run_id == ticket.run_id:
                return False
            if other.keeper in others and not (other.is_blocked or self._queue.find_running(other.run_id)):
                self.awaited.update(self._queue.keepers / f"{key}.lock" for key in others)
                return True
        return False

    def _has_free_slot(self, ticket: Ticket, launch: Launch) -> bool:
        busy = list(filter(None, map(self._settle, self._queue.running())))
        if len(busy) < self._queue.read_slots(launch.slots):
            return True
        left = next((path.parent.name for path in busy if path.stem == "script"), None)
        self._note(ticket, left and _describe_leftover(left))
        self.awaited.update(busy)
        return False

    def _claim(self, ticket: Ticket, launch: Launch) -> Claims | Refusal:
        shell = self._line.variables(ticket.run_id) or os.environ
        return self._machine.claim(launch.needs, {**shell, **launch.variables})

    def _settle(self, entry: Ticket) -> Path | None:
        """Return the lock that shows that a run takes its slot; None if the slot is free.

        A run whose supervisor was killed before it could start the script is started again, and one with retries too.
        """
        held = self._queue.find_lock(entry.run_id)
        if held and held.stem == "supervisor":
            return held
        if ticket := self._queue.find(entry.run_id):
            if ticket.keeper == self._key and not ticket.is_blocked:
                self._line.push(ticket)
        elif self._retry(entry):
            held = None  # the next attempt ends what is left of the script
        elif held:
            self._cancel_leftover(entry)
        if held is None:
            self._queue.vacate(entry.run_id)
        return held

    def _cancel_leftover(self, entry: Ticket) -> None:
        """End the script of a run whose supervisor was killed before it could cancel the run."""
        folder = self._queue.run(entry.run_id)
        if folder.cancel.exists() and self._is_ours(entry):
            with suppress(StageError):  # it is not provably a process of this place
                kill_leftover(folder)
                if not folder.has_ended(entry.attempt):
                    folder.enter(entry.attempt, "Canceled", reason="canceled")

    def _is_ours(self, entry: Ticket) -> bool:
        return entry.keeper == self._key or keepers.is_adoptable(self._queue, entry.keeper)

    def _retry(self, ticket: Ticket) -> bool:
        """Queue the next attempt of a run whose supervisor was killed. Returns False if it has none."""
        if not self._is_ours(ticket):
            return False
        folder = self._queue.run(ticket.run_id)
        launch = Launch.find(folder.launch)
        if launch is None or folder.cancel.exists():
            return False
        attempt = launch.attempt
        if attempt == ticket.attempt:
            if not launch.retries or folder.has_ended(attempt):
                return False
            begin_retry(folder, launch, "the supervisor was killed")
            attempt += 1
        again = ticket._replace(attempt=attempt, keeper=self._key, note=None)
        self._queue.write(again)
        self._line.push(again)
        return True


def _slot_of(queue: TicketQueue, ticket: Ticket, claims: Claims | Refusal) -> Slot:
    if isinstance(claims, Refusal):
        return Slot(queue, ticket, Claims((), {}), claims.reason)
    return Slot(queue, ticket, claims)


def _describe_leftover(run_id: str) -> str:
    what = f"the script of run {run_id} is still running without a supervisor"
    return f"{what}; end it with: dressage runs cancel {run_id}"
