"""Runs on this machine. Each has a folder in the workspace and a supervisor, which continues without the client."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from dressage.errors import NotFoundError, describe_unknown
from dressage.files.locks import FileLock, is_locked
from dressage.files.trees import files_below
from dressage.records.journal import stamp_of
from dressage.records.requests import RunRequest, Submission
from dressage.records.run_folder import RunFolder
from dressage.records.workspace import Workspace
from dressage.results.statuses import RunStatus
from dressage.results.versions import File
from dressage.storage.compute import StoredCompute
from dressage.supervision import processes
from dressage.supervision.launch import Launch, command_of
from dressage.supervision.slots import Ticket
from dressage.supervision.variables import recording_notes

_POLL_S = 0.01
"""Seconds between checks whether another process has started the attempt."""
LOG = "user_logs/std_log.txt"
"""Path under which the script's output is listed; the same as in Azure ML."""


class LocalRuns:
    """grace_s: seconds from SIGTERM to SIGKILL when a run is canceled. copies_inputs: runs get their own datasets."""

    def __init__(
        self, workspace: Workspace, compute: StoredCompute, grace_s: float, *, copies_inputs: bool = False
    ) -> None:
        self._workspace = workspace
        self._compute = compute
        self._grace_s = grace_s
        self._copies_inputs = copies_inputs
        self._released: dict[str, threading.Event] = {}

    def submit(self, submission: Submission) -> None:
        folder = self._workspace.run(submission.run_id)
        lock = FileLock(folder.lock("supervisor"))
        while submission.attempt not in folder.refresh().processes:
            if lock.acquire(blocking=False):
                break
            time.sleep(_POLL_S)
        if not lock.is_held or submission.attempt in folder.refresh().processes:
            return
        # Release the locks here, not when a traceback that refers to them is collected: a resume waits for them.
        with lock.release_at_end():
            processes.end_leftover(folder)
            folder.cancel.unlink(missing_ok=True)
            _prepare_work(folder, submission)
            ticket = Ticket.draw(self._compute.queue(submission.compute.name))
            with ticket.lock.release_at_end():
                self._launch(folder, submission, ticket).write(folder.launch)
                processes.start(folder, lock, ticket.lock)

    def observe(self, run_id: str) -> RunStatus:
        """Return the state that the supervisor wrote. If the supervisor was killed, the run has failed."""
        folder = self._workspace.run(run_id)
        if folder.refresh().request is None:
            raise NotFoundError(f"no run {run_id!r} in {str(self._workspace.root)!r}")
        status = folder.refresh().status
        if status.has_ended or is_locked(folder.lock("supervisor")):
            return status
        record = folder.refresh()  # it may have ended between the two checks
        status = record.status
        if status.has_ended:
            return status
        if not record.is_submitted:
            raise NotFoundError(f"run {run_id!r} was not started")
        reason = f"{processes.explain_end(folder)}; continue the run with: dressage resume {run_id}"
        return RunStatus(
            state="Failed", reason=reason, started=status.started, ended=_last_write(folder), interrupted=True
        )

    def wait(self, run_id: str, timeout_s: float) -> bool:
        """Wait for the supervisor's lock, which is released however the supervisor ends."""
        deadline = time.monotonic() + timeout_s
        while not self.observe(run_id).has_ended:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            released = self._released.get(run_id)
            if released is None:
                lock = self._workspace.run(run_id).lock("supervisor")
                released = self._released[run_id] = processes.watch_release(lock)
            if released.wait(min(left, threading.TIMEOUT_MAX)):
                self._released.pop(run_id, None)
        return True

    def logs(self, run_id: str, offset: int = 0) -> bytes:
        try:
            with self._workspace.run(run_id).log.open("rb") as log:
                log.seek(offset)
                return log.read(1 << 20)
        except FileNotFoundError:
            return b""

    def files(self, run_id: str) -> Sequence[File]:
        files = []
        for path, location in sorted(self._locate_files(run_id).items()):
            with suppress(FileNotFoundError):  # the script has just removed it
                files.append(File(path=path, size=location.stat().st_size))
        return files

    def download(self, run_id: str, paths: Iterable[str], target: Path) -> None:
        found, requested = self._locate_files(run_id), list(paths)
        for path in requested:
            if path not in found:
                raise NotFoundError(describe_unknown(f"file of run {run_id!r}", path, found))
        for path in requested:
            copy = target / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(found[path], copy)
            except FileNotFoundError as error:
                raise NotFoundError(
                    f"file {path!r} of run {run_id!r} no longer exists; name the other files to download them"
                ) from error

    def cancel(self, run_id: str) -> None:
        folder = self._workspace.run(run_id)
        if not is_locked(folder.lock("supervisor")):
            return
        folder.cancel.touch()  # a supervisor that is still starting checks for this file
        pid = next(reversed(folder.refresh().processes.values()), None)
        # While the lock is held, the supervisor is running, and its process id cannot belong to another process.
        if pid and is_locked(folder.lock("supervisor")):
            with suppress(ProcessLookupError):  # it has just exited
                os.kill(pid, signal.SIGTERM)

    def notes(self, request: RunRequest) -> Sequence[str]:
        return list(recording_notes(os.environ, request.environment.variables))

    def _locate_files(self, run_id: str) -> dict[str, Path]:
        """Return the files by the path that they are listed under. A second file of one path is below artifacts/."""
        folder = self._workspace.run(run_id)
        prefixes = {
            folder.work / "outputs": "outputs/",
            folder.work / "logs": "logs/",
            folder.artifacts: "",
        }
        found = {LOG: folder.log} if folder.log.exists() else {}
        for directory, prefix in prefixes.items():
            for path in files_below(directory):
                name = f"{prefix}{path}"
                found[name if name not in found else f"artifacts/{name}"] = directory / path
        return found

    def _launch(self, folder: RunFolder, submission: Submission, ticket: Ticket) -> Launch:
        request = submission.request
        copies = folder.inputs if self._copies_inputs else None
        command = command_of(self._workspace, submission, copies)
        checkpoints = folder.work / request.script.checkpoint_path
        has_checkpoints = submission.attempt > 1 and checkpoints.is_dir()
        resume: Mapping[str, str] = {"DRESSAGE_RESUME_FROM": str(checkpoints)} if has_checkpoints else {}
        return Launch(
            run_id=request.run_id,
            attempt=submission.attempt,
            experiment=request.experiment,
            name=request.name or request.run_id,
            argv=command.argv,
            path=str(command.python.parent),
            variables={**command.variables, **resume},
            compute=submission.compute.name,
            queue=str(self._compute.queue(submission.compute.name)),
            ticket=ticket.number,
            slots=submission.compute.slots,
            grace_s=self._grace_s,
            time_limit_s=request.compute.time_limit_s,
            registers=request.model.name is not None,
            inputs="none" if not submission.datasets else "copy" if copies else "link",
            workspace=str(self._workspace.root),
        )


def _prepare_work(folder: RunFolder, submission: Submission) -> None:
    """Create the working directory, unless an earlier attempt did: later attempts keep what earlier ones wrote."""
    if not folder.work.is_dir():
        partial = folder.work.with_name("work.partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(submission.request.snapshot.directory, partial)
        for name in ("outputs", "logs"):
            (partial / name).mkdir(exist_ok=True)
        partial.rename(folder.work)
    folder.artifacts.mkdir(exist_ok=True)


def _last_write(folder: RunFolder) -> str:
    """Return when the run last wrote to its log or journal: the best known end time if the supervisor was killed."""
    times = [path.stat().st_mtime for path in (folder.journal.path, folder.log) if path.exists()]
    return stamp_of(datetime.fromtimestamp(max(times), UTC))
