"""Runs on this machine. Each has a folder in the workspace and waits in a queue; it continues without the client."""

import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from dressage.errors import NotFoundError, StageError
from dressage.files.locks import FileLock, is_locked
from dressage.files.regular import open_regular
from dressage.records.journal import stamp_of
from dressage.records.requests import RunRequest, Submission
from dressage.records.run_folder import RunFolder
from dressage.records.workspace import Workspace
from dressage.results.statuses import RunStatus
from dressage.results.versions import File
from dressage.storage.compute import StoredCompute
from dressage.supervision import keepers, processes
from dressage.supervision.control import request_stop
from dressage.supervision.launch import Launch
from dressage.supervision.tickets import Ticket
from dressage.supervision.variables import recording_notes
from dressage_local.launches import launch_of
from dressage_local.options import Options
from dressage_local.queues import Queues, gpus_of
from dressage_local.run_files import download_files, list_files
from dressage_local.waits import Waits

_PAUSE_S = 0.01
"""Seconds between checks whether an earlier supervisor has ended."""
_ENDING_S = 30.0
"""How long to wait for the end of an earlier supervisor."""


class LocalRuns:
    """Runs in the workspace. compute: the targets that they execute on."""

    priorities = True
    retries = True

    def __init__(self, workspace: Workspace, compute: StoredCompute, options: Options) -> None:
        self._workspace = workspace
        self._options = options
        self._queues = Queues(workspace, compute, options)
        self._waits = Waits(self._queues)

    def submit(self, submission: Submission) -> None:
        folder = self._workspace.run(submission.run_id)
        queue = self._queues.of_target(submission.compute.name)
        with FileLock(folder.journal.path):  # one process submits: a file only for this would cost time
            ticket = queue.find(submission.run_id)
            is_waiting = ticket and ticket.attempt == submission.attempt
            if submission.attempt in folder.refresh().processes and not is_waiting:
                return
            if ticket and is_waiting and not ticket.is_blocked and keepers.is_alive(queue, ticket.keeper):
                return
            if not is_waiting or Launch.find(folder.launch) is None:
                self._prepare(folder, submission)
            self._queues.hand_over(queue, submission.run_id, submission.attempt, submission.request.priority)

    def observe(self, run_id: str) -> RunStatus:
        """Return the state that the supervisor wrote. If the supervisor was killed, the run has failed.

        If the run waits and its queue has no keeper, another one is started.
        """
        folder = self._workspace.run(run_id)
        if folder.refresh().request is None:
            raise NotFoundError(f"no run {run_id!r} in {str(self._workspace.root)!r}")
        status = _observe_supervised(folder) or self._observe_waiting(folder) or self._observe_ended(folder)
        record = folder.refresh()
        if record.submitting <= record.submitted:
            return status
        has_attempt = record.attempt in record.processes or self._find_ticket(folder, record.attempt)
        return replace(status, attempt=record.attempt if has_attempt else record.submitted)

    def wait(self, run_id: str, timeout_s: float) -> bool:
        """Wait until the run leaves the queue, and then for its supervisor's lock, which is released at its end."""
        deadline = time.monotonic() + timeout_s
        while not self.observe(run_id).has_ended:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._waits.wait(self._workspace.run(run_id), left)
        return True

    def logs(self, run_id: str, offset: int = 0) -> bytes:
        try:
            with open_regular(self._workspace.run(run_id).log) as log:
                log.seek(offset)
                return log.read(1 << 20)
        except FileNotFoundError:
            return b""

    def files(self, run_id: str) -> Sequence[File]:
        return list_files(self._workspace.run(run_id))

    def download(self, run_id: str, paths: Iterable[str], target: Path) -> None:
        download_files(self._workspace.run(run_id), paths, target)

    def cancel(self, run_id: str) -> None:
        """Cancel the run; end what a killed supervisor left behind, even if the run has ended."""
        folder = self._workspace.run(run_id)
        record = folder.refresh()
        if record.request is None:
            return
        canceled = RunStatus(state="Canceled", reason="canceled")
        folder.cancel.touch()  # a supervisor that is still starting checks for this file
        if self._queues.withdraw(folder):
            folder.record(canceled, record.attempt)
        elif request_stop(folder.control):
            return
        elif processes.has_leftover(folder):
            processes.end_leftover(folder)
            _record_event_files(folder, record.attempt)
            folder.record(canceled, record.attempt)
        else:
            processes.signal_supervisor(folder)

    def leftovers(self) -> Sequence[str]:
        """Return the ids of runs without a supervisor whose script is still running."""
        return [folder.path.name for folder in self._queues.leftovers()]

    def diagnose(self) -> Sequence[tuple[str, bool, str]]:
        """Show the GPUs that runs may use, and check that no script runs without a supervisor."""
        gpus = gpus_of(self._options)
        found = [("GPUs", True, ", ".join(gpus))] if gpus else []
        hint = "its script is running without a supervisor; end it with: dressage runs cancel"
        return [*found, *((f"run {run_id}", False, f"{hint} {run_id}") for run_id in self.leftovers())]

    def notes(self, request: RunRequest) -> Sequence[str]:
        return list(recording_notes(os.environ, request.environment.variables))

    def _prepare(self, folder: RunFolder, submission: Submission) -> None:
        """Write what the supervisor needs, after what is left of an earlier attempt has ended."""
        _wait_for_supervisor(folder)
        processes.end_leftover(folder)
        folder.cancel.unlink(missing_ok=True)
        launch_of(self._workspace, submission, self._options).write(folder.launch)

    def _observe_waiting(self, folder: RunFolder) -> RunStatus | None:
        """Return the status of a run that waits or has just been started; None if it does neither."""
        if ticket := self._find_ticket(folder, folder.refresh().attempt):
            return self._queues.describe(self._queues.of_run(folder), ticket)
        return _observe_supervised(folder)

    def _find_ticket(self, folder: RunFolder, attempt: int) -> Ticket | None:
        """Return the ticket of an attempt that waits."""
        ticket = self._queues.of_run(folder).find(folder.path.name)
        return ticket if ticket and ticket.attempt in (attempt, 0) else None

    def _observe_ended(self, folder: RunFolder) -> RunStatus:
        """Return the status of a run that neither waits nor has a supervisor. It may just have ended."""
        record = folder.refresh()
        status, run_id = record.status, folder.path.name
        if status.has_ended:
            return status
        if not record.is_submitted:
            raise NotFoundError(f"run {run_id!r} was not started")
        if folder.cancel.exists():  # the supervisor was killed before it could cancel the run
            processes.end_leftover(folder)
            _record_event_files(folder, record.attempt)
            return RunStatus(state="Canceled", reason="canceled", started=status.started)
        if self._queues.is_retried(folder):
            return RunStatus(
                state="Queued", reason="queued: its supervisor was killed; another attempt follows"
            )
        _record_event_files(folder, record.attempt)
        reason = f"{processes.explain_end(folder)}; continue the run with: dressage resume {run_id}"
        return RunStatus(
            state="Failed", reason=reason, started=status.started, ended=_last_write(folder), interrupted=True
        )


def _observe_supervised(folder: RunFolder) -> RunStatus | None:
    """Return the recorded status of a run that has ended or has a supervisor; None otherwise."""
    status = folder.refresh().status
    if status.has_ended:
        return status
    if not is_locked(folder.lock("supervisor")):
        return None
    if process := processes.find_stopped(folder):
        reason = f"its supervisor is stopped; continue it with: kill -CONT {process}"
        return RunStatus(state=status.state, reason=reason, started=status.started)
    status = folder.refresh().status
    if status.has_ended or status.state == "Queued":  # it is being started: nothing new to record
        return status
    return replace(status, reason=None)  # it may have been stopped before


def _record_event_files(folder: RunFolder, attempt: int) -> None:
    """Record the metrics of an attempt whose supervisor was killed before it could do that."""
    from dressage.supervision.event_files.recording import record_abandoned

    with suppress(OSError):  # the disk is full: the next attempt repeats it
        record_abandoned(folder, attempt)


def _wait_for_supervisor(folder: RunFolder) -> None:
    """Wait for the end of an earlier attempt's supervisor. Raises StageError if it does not end."""
    deadline = time.monotonic() + _ENDING_S
    while is_locked(folder.lock("supervisor")):
        process = processes.find_stopped(folder)
        if process or time.monotonic() > deadline:
            what = f"is stopped; continue it with: kill -CONT {process}" if process else "does not end"
            raise StageError("model", f"the supervisor of run {folder.path.name!r} {what}")
        time.sleep(_PAUSE_S)


def _last_write(folder: RunFolder) -> str:
    """Return when the run last wrote to its log or journal: the best known end time if the supervisor was killed."""
    times = [path.stat().st_mtime for path in (folder.journal.path, folder.log) if path.exists()]
    return stamp_of(datetime.fromtimestamp(max(times, default=time.time()), UTC))
