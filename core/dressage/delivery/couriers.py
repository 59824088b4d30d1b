"""Deliver the events of runs to one observer, in a thread: in order for each run, and again if a call fails."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import NoReturn

from dressage.delivery.batches import Batch, about_run, advance, attempt_of, read_batches
from dressage.delivery.cursors import Cursor, read_cursor, write_cursor
from dressage.delivery.messages import Call, Hello, Reply
from dressage.delivery.notices import Place, age_of, notices_of
from dressage.delivery.receivers import Receiver, ReceiverError
from dressage.delivery.reports import Reports
from dressage.files.encoding import to_json
from dressage.hooks.observers import MIRROR
from dressage.records.run_folder import RunFolder
from dressage.records.workspace import Workspace

TRIES = 5
"""How often an event is delivered before it is given up, if the observer raises an error."""
KEPT_S = 7 * 86_400.0
"""How long an event is kept if the receiver cannot be reached. A mirror's entries are kept without a limit."""
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 300.0
_TURN_S = 0.2
"""How long the events of one run are delivered before those of another run. Then its cursor is written: after a
crash, the events of this time are delivered again."""


class WaitError(Exception):
    """The run's events must wait. pause_s: for how long."""

    def __init__(self, pause_s: float) -> None:
        super().__init__()
        self.pause_s = pause_s


class Courier(threading.Thread):
    """Delivers to one observer. drained: called with a run's id when nothing is left to deliver of it now."""

    def __init__(
        self, receiver: Receiver, workspace: Workspace, reports: Reports, drained: Callable[[str], None]
    ) -> None:
        super().__init__(daemon=True)
        self.receiver = receiver
        self._workspace = workspace
        self._reports = reports
        self._drained = drained
        self._due: dict[str, float] = {}
        self._is_busy = False
        self._is_stopping = False
        self._changed = threading.Condition()
        self._cursors: dict[str, Cursor] = {}
        self._tries: dict[str, int] = {}
        self._sent: dict[str, tuple[int, int]] = {}
        self._abouts: dict[str, Mapping[str, str]] = {}
        self._skipped: set[str] = set()
        self._outages = 0
        self._resting_until = 0.0
        self.blocked_since: float | None = None
        self._blocked_run: str | None = None
        self.missing: tuple[str, ...] = ()

    def add(self, run_id: str) -> None:
        """Deliver the new events of a run soon, or when its pause after an error is over."""
        with self._changed:
            self._due.setdefault(run_id, 0.0)
            self._changed.notify()

    def stop(self) -> None:
        """End after the current call."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()

    def is_done_with(self, run_id: str) -> bool:
        """Return whether the run has ended and everything of it is delivered or given up."""
        cursor = self._cursors.get(run_id)
        if cursor is None or not cursor.has_ended or run_id in self._due:
            return False
        return not any(self._workspace.run(run_id).journal.lines(cursor.offset))

    def forget(self, run_id: str) -> None:
        """Forget a run that is done."""
        for known in (self._cursors, self._tries, self._sent, self._abouts):
            known.pop(run_id, None)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to deliver now."""
        with self._changed:
            return not (self._due or self._is_busy)

    def run(self) -> None:
        while (run_id := self._take()) is not None:
            try:
                pause_s = self._deliver(run_id)
            except OSError as error:  # the disk is full, for example
                self._reports.log(f"run {run_id}: {error}")
                pause_s = _LONGEST_PAUSE_S
            with self._changed:
                self._is_busy = False
                if pause_s is not None:
                    self._due[run_id] = time.monotonic() + pause_s
            self._drained(run_id)
        self.receiver.close()

    def _take(self) -> str | None:
        """Wait for a run with events that are due, and return its id; None if the courier must stop."""
        with self._changed:
            while not self._is_stopping:
                now = time.monotonic()
                due = {run_id: max(at, self._resting_until) for run_id, at in self._due.items()}
                run_id = min(due, key=due.__getitem__, default=None)
                if run_id is not None and due[run_id] <= now:
                    del self._due[run_id]
                    self._is_busy = True
                    return run_id
                self._changed.wait(None if run_id is None else due[run_id] - now)
            return None

    def _deliver(self, run_id: str) -> float | None:
        """Deliver a run's new events. Return after how many seconds to continue; None if all are delivered."""
        folder = self._workspace.run(run_id)
        if run_id not in self._cursors:
            self._cursors[run_id] = read_cursor(folder, self.receiver.name)
        cursor, begun = self._cursors[run_id], time.monotonic()
        saved = cursor.offset
        try:
            for batch in read_batches(folder, cursor):
                self._deliver_batch(folder, batch, cursor)
                advance(cursor, batch)
                if self._is_stopping or time.monotonic() - begun > _TURN_S:
                    return 0.0
        except WaitError as wait:
            return wait.pause_s
        finally:
            if cursor.offset != saved:
                write_cursor(folder, self.receiver.name, cursor)
        if run_id == self._blocked_run:
            self._blocked_run = None
        return None

    def _deliver_batch(self, folder: RunFolder, batch: Batch, cursor: Cursor) -> None:
        """Deliver some entries, one by one or together. Raises WaitError if they must wait."""
        hooks = self._greet(folder.path.name)
        if MIRROR in hooks:
            call = Call(hook=MIRROR, run_id=folder.path.name, entries=tuple(item.mirrored for item in batch))
            self._try(folder, cursor, call, f"bytes {cursor.offset} to {batch[-1].end}")
            return
        for end, entry, _ in batch:
            place = Place(folder.journal, end, attempt_of(entry, cursor.attempt))
            for number, (hook, notice) in enumerate(notices_of(entry, place, self._about(folder))):
                if hook in hooks and (end, number) > self._sent.get(folder.path.name, (0, 0)):
                    call = Call(hook=hook, notice=to_json(notice), age_s=age_of(notice.time))
                    self._try(folder, cursor, call, notice.event_id)
                    self._sent[folder.path.name] = (end, number)

    def _greet(self, run_id: str) -> frozenset[str]:
        """Start the observer if needed; return the hooks to call. Raises WaitError if it cannot be used now."""
        try:
            hello = self.receiver.greet()
        except ReceiverError as error:
            hello = Hello(error=str(error))
        self.missing = hello.missing
        if hello.is_off:
            self._skip(run_id)
            return frozenset()
        if hello.missing:
            names = " and ".join(hello.missing)
            self._rest(
                f"it needs the variable {names}; set it in a shell, and run there: dressage runs list", None
            )
        if hello.error:
            self.receiver.close()
            self._rest(hello.error, None)
        return frozenset(hello.hooks)

    def _skip(self, run_id: str) -> None:
        """Say, once, that a run is not delivered."""
        if run_id not in self._skipped:
            self._skipped.add(run_id)
            self._reports.log(
                f"run {run_id}: not delivered, because the observer is now disabled or not enabled"
            )

    def _try(self, folder: RunFolder, cursor: Cursor, call: Call, what: str) -> None:
        """Call the observer, or give the call up. Raises WaitError if the call must be repeated."""
        run_id = folder.path.name
        try:
            reply = self.receiver.call(call)
        except ReceiverError as error:
            reply = Reply(error=str(error))
        if reply.error and reply.is_unreachable:
            if call.hook == MIRROR or call.age_s < KEPT_S:
                self._blocked_run = run_id
                self._rest(reply.error, reply.retry_after_s)
            self._give_up(cursor, f"{call.hook} {what} is older than {KEPT_S / 86_400:g} days: {reply.error}")
            return
        if self._blocked_run in (None, run_id):  # another run's event may be one that the observer ignores
            self._recover()
        if not reply.error:
            self._tries.pop(run_id, None)
            for note in reply.notes:
                self._reports.log(f"run {run_id}: {note}")
            return
        tries = self._tries[run_id] = self._tries.get(run_id, 0) + 1
        message = f"{call.hook} {what} failed: {reply.error}"
        if tries < TRIES:
            self._reports.log(f"{message}; try {tries} of {TRIES}")
            raise WaitError(_FIRST_PAUSE_S * 2 ** (tries - 1))
        del self._tries[run_id]
        self._give_up(cursor, f"{message}; given up after {TRIES} tries")

    def _give_up(self, cursor: Cursor, message: str) -> None:
        cursor.given_up += 1
        self._reports.give_up(message)

    def _rest(self, reason: str, retry_after_s: float | None) -> NoReturn:
        """Raise WaitError: nothing can be delivered now. retry_after_s: as the receiver asked for."""
        self._outages += 1
        grown = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(self._outages, 12))
        pause_s = grown if retry_after_s is None else max(0.0, min(retry_after_s, 86_400.0))
        self._resting_until = time.monotonic() + pause_s
        self.blocked_since = self.blocked_since or time.monotonic()
        self._reports.block(reason)
        raise WaitError(pause_s)

    def _recover(self) -> None:
        self._outages, self.blocked_since, self._blocked_run = 0, None, None
        self._reports.unblock()

    def _about(self, folder: RunFolder) -> Mapping[str, str]:
        """Return what all notices of a run say: its first entry has it."""
        run_id = folder.path.name
        if run_id not in self._abouts:
            self._abouts[run_id] = about_run(folder)
        return self._abouts[run_id]
