"""The status of a run: from its record and, while the run has not ended, from its platform."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from dressage.errors import DressageError, UnreachableError
from dressage.files.locks import is_locked
from dressage.hooks.proxy import PlatformProxy
from dressage.platforms.protocols import Records
from dressage.platforms.remote import Pace
from dressage.records.run_folder import RunFolder
from dressage.results.statuses import RunStatus

_LOST = RunStatus(
    state="Failed",
    reason="its record was deleted, perhaps by its script; how it ended is not known; start a new run",
)


class StatusReader:
    """Asks a run's platform for the status, and records it. is_offline: the platform is not asked."""

    def __init__(self, folder: RunFolder, find_platform: Callable[[], PlatformProxy]) -> None:
        self.is_offline = False
        self._folder = folder
        self._run_id = folder.path.name
        self._find_platform = find_platform
        self._is_unreachable = False

    @cached_property
    def _platform(self) -> PlatformProxy:
        return self._find_platform()

    @cached_property
    def recorder(self) -> Records | None:
        """What the platform records of its runs; None if it does not."""
        recorder: Records | None = self._platform.optional(Records)
        return recorder

    @cached_property
    def pace(self) -> Pace:
        """When to ask the platform again."""
        return Pace(self._platform.poll_s)

    def read(self) -> RunStatus:
        """Return the current status; the last recorded one if the platform cannot be reached now."""
        record = self._folder.refresh()
        if record.status.has_ended:
            return record.status
        if self._folder.is_lost:
            return _LOST
        if not record.is_submitted:
            return self._status_before_submission()
        if self.is_offline:
            return record.status
        attempt, changes, known = record.attempt, record.changes, record.status
        try:
            status = self._record_status(self._platform.runs.observe(self._run_id), attempt, changes)
        except UnreachableError as error:
            self.warn(error)
            return record.status
        self._is_unreachable = False
        if (status.state, status.reason) != (known.state, known.reason):
            self.pace.note_change()
        return status

    def poll(self) -> RunStatus:
        """Return the status; the recorded one if the platform was asked a short time ago."""
        record = self._folder.refresh()
        is_cheap = record.status.has_ended or not record.is_submitted
        return self.read() if is_cheap or self.pace.is_due("status") else record.status

    def warn(self, error: UnreachableError) -> None:
        """Log that the platform cannot be reached; once, until it can be reached again."""
        import logging

        if not self._is_unreachable:
            logging.getLogger("dressage").warning("run %s: %s; shown as last recorded", self._run_id, error)
        self._is_unreachable = True

    def _record_status(self, seen: RunStatus, attempt: int, changes: int) -> RunStatus:
        """Record the status that the platform returned, and return it, even if it cannot be written.

        changes: how often the recorded state had changed when the platform was asked.
        """
        record = self._folder.refresh()
        recorded: tuple[tuple[str, Any], ...] = ()
        try:
            if seen.has_ended and self.recorder and record.is_new(seen, attempt):
                recorded = tuple(self.recorder.records(self._run_id).events())
            status = self._folder.record(seen, attempt, recorded, after=changes)
            return replace(status, place=seen.place) if status.state == seen.state == "Queued" else status
        except UnreachableError as error:  # the end is recorded later, together with the metrics
            self.warn(error)
            return seen
        except OSError:  # the disk is full, or the workspace belongs to another user
            return seen

    def _status_before_submission(self) -> RunStatus:
        """Return the status of a run that is not submitted. If its client exited, it failed and can be resumed."""
        has_client = is_locked(self._folder.lock("client"))
        record = self._folder.refresh()
        if has_client or record.status.has_ended or record.is_submitted:
            return record.status
        try:
            if record.may_be_submitted and (found := self._recover_submission(record.attempt)):
                return found
        except UnreachableError as error:
            self.warn(error)
            return replace(record.status, reason="its client process exited while it was being submitted")
        reason = f"its client process exited; continue the run with: dressage resume {self._run_id}"
        return RunStatus(state="Failed", reason=reason, interrupted=True)

    def _recover_submission(self, attempt: int) -> RunStatus | None:
        """Return the platform's status if the client was killed between submitting the run and recording that.

        None if the platform does not have the attempt, or does not say which attempt its status is of. Raises
        UnreachableError if that is not known.
        """
        if self.is_offline:
            return None
        changes = self._folder.refresh().changes
        try:
            seen = self._platform.runs.observe(self._run_id)
        except UnreachableError:
            raise
        except DressageError:
            return None
        if (seen.attempt or 1) != attempt:
            return None
        self._folder.finish_submission(attempt)
        return self._record_status(seen, attempt, changes)
