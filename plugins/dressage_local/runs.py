"""Runs on this machine: each has a folder that a person can read and a small supervisor that outlives us.

runs/RUN/
  journal.jsonl     what happened
  log.txt           the script's stdout and stderr, in order, byte for byte
  work/             the script's working directory: its source, outputs/, logs/
  artifacts/        what it logged with the MLflow client
  launch.json       what the supervisor was told
"""

import os
import signal
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from dressage.environments.uv_environments import UvEnvironments
from dressage.errors import NotFoundError, StageError, unknown
from dressage.files.atomic import write_json
from dressage.files.locks import FileLock, is_locked
from dressage.files.trees import files_below
from dressage.records.journal import now
from dressage.records.record import Reader, journal_of
from dressage.records.requests import RunRequest
from dressage.records.workspace import Workspace
from dressage.results.statuses import RunStatus, RunSummary
from dressage.results.tracking import Tracked
from dressage.results.versions import File
from dressage.specs.descriptions import DatasetFolder
from dressage.storage.datasets import StoredDatasets
from dressage.supervision import processes
from dressage.supervision.slots import Ticket
from dressage_local.compute import LocalCompute

_KEPT = {"work/outputs": "outputs", "work/logs": "logs", "artifacts": ""}
"""Folders of a run whose files are kept, and the prefix they are listed under.

What was logged under the path of another file is listed below artifacts/.
"""
_LOOK_AGAIN_S = 0.01
"""How often to look whether a supervisor is past its first or last step."""
LOG = "user_logs/std_log.txt"
"""What the script's own output is listed as, as in Azure ML."""


class LocalRuns:
    def __init__(
        self,
        workspace: Workspace,
        datasets: StoredDatasets,
        environments: UvEnvironments,
        compute: LocalCompute,
        grace_s: float,
    ) -> None:
        self._workspace = workspace
        self._datasets = datasets
        self._environments = environments
        self._compute = compute
        self._grace_s = grace_s
        self._readers: dict[str, Reader] = {}
        self._released: dict[str, threading.Event] = {}

    def submit(self, request: RunRequest) -> None:
        folder = self._workspace.run(request.run_id)
        lock = FileLock(folder / "supervisor.lock")
        while not processes.process_of(folder, request.attempt):
            if lock.acquire(blocking=False):
                break
            time.sleep(_LOOK_AGAIN_S)
        if not lock.is_held or processes.process_of(folder, request.attempt):
            return
        # Let go of here, not when the last traceback that knows of them is dropped: our own resume waits for them.
        with lock.released():
            processes.end_leftover(folder)
            (folder / "cancel").unlink(missing_ok=True)
            self._lay_out(folder, request)
            ticket = Ticket.draw(self._compute.queue(request.compute.name))
            with ticket.lock.released():
                write_json(folder / "launch.json", self._launch(folder, request, ticket), indent=1)
                processes.start(folder, lock, ticket.lock)

    def status(self, run_id: str) -> RunStatus:
        status = self._reader(run_id).refresh().status
        if status.has_ended or is_locked(self._workspace.run(run_id) / "supervisor.lock"):
            return status
        status = self._reader(run_id).refresh().status  # it may have ended between the two looks
        if status.has_ended:
            return status
        reason = (
            f"{processes.last_words(self._workspace.run(run_id))}; continue it with: dressage resume {run_id}"
        )
        return RunStatus(state="Failed", reason=reason, started=status.started, interrupted=True)

    def wait(self, run_id: str, timeout_s: float) -> bool:
        """The supervisor's lock is let go of when it ends, however it ends: that wakes us."""
        deadline = time.monotonic() + timeout_s
        while not self.status(run_id).has_ended:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            released = self._released.get(run_id)
            if released is None:
                released = self._released[run_id] = processes.released(
                    self._workspace.run(run_id) / "supervisor.lock"
                )
            if released.wait(min(left, threading.TIMEOUT_MAX)):
                self._released.pop(run_id, None)
        return True

    def logs(self, run_id: str, offset: int = 0) -> bytes:
        try:
            with (self._workspace.run(run_id) / "log.txt").open("rb") as log:
                log.seek(offset)
                return log.read(1 << 20)
        except FileNotFoundError:
            return b""

    def tracked(self, run_id: str) -> Tracked:
        return self._reader(run_id).refresh().tracked

    def files(self, run_id: str) -> Sequence[File]:
        files = []
        for path, place in sorted(self._located(run_id).items()):
            with suppress(FileNotFoundError):  # the script has just removed it
                files.append(File(path=path, size=place.stat().st_size))
        return files

    def download(self, run_id: str, paths: Iterable[str], target: Path) -> None:
        import shutil

        found, wanted = self._located(run_id), list(paths)
        for path in wanted:
            if path not in found:
                raise NotFoundError(unknown(f"file of run {run_id!r}", path, found))
        for path in wanted:
            copy = target / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(found[path], copy)
            except FileNotFoundError as error:
                raise NotFoundError(
                    f"file {path!r} of run {run_id!r} is gone; ask for the others by name"
                ) from error

    def cancel(self, run_id: str) -> None:
        folder = self._workspace.run(run_id)
        if not is_locked(folder / "supervisor.lock"):
            return
        (folder / "cancel").touch()  # a supervisor that has not said yet that it started looks for it then
        pid = processes.process_of(folder)
        # The lock says that the supervisor lives, so that the number is its own and nobody else's.
        if pid and is_locked(folder / "supervisor.lock"):
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(pid, signal.SIGTERM)

    def list(self) -> Sequence[RunSummary]:
        from dressage.records.index import RunIndex

        return [run for run in RunIndex(self._workspace).summaries() if run.platform == "local"]

    def _located(self, run_id: str) -> dict[str, Path]:
        folder = self._workspace.run(run_id)
        found = {LOG: folder / "log.txt"} if (folder / "log.txt").exists() else {}
        for kept, prefix in _KEPT.items():
            for path in files_below(folder / kept):
                name = f"{prefix}/{path}" if prefix else path
                found[name if name not in found else f"artifacts/{name}"] = folder / kept / path
        return found

    def _reader(self, run_id: str) -> Reader:
        if run_id not in self._readers:
            self._readers[run_id] = Reader(journal_of(self._workspace.run(run_id)))
        return self._readers[run_id]

    def _lay_out(self, folder: Path, request: RunRequest) -> None:
        """The working directory: made once, kept by later attempts with all that earlier ones wrote."""
        import shutil

        work = folder / "work"
        if not work.is_dir():
            aside = folder / "work.partial"
            shutil.rmtree(aside, ignore_errors=True)
            try:
                shutil.copytree(request.training.snapshot.directory, aside)
                for kept in ("outputs", "logs"):
                    (aside / kept).mkdir(exist_ok=True)
            except OSError as error:
                raise StageError(
                    "model", f"cannot lay out {str(work)!r}: {error}; make room and try again"
                ) from error
            aside.rename(work)
        (folder / "artifacts").mkdir(exist_ok=True)

    def _launch(self, folder: Path, request: RunRequest, ticket: Ticket) -> dict[str, object]:
        model = request.training.model
        python = self._environments.interpreter(request.environment.key)
        arguments = [self._argument(argument, request) for argument in model.arguments]
        checkpoints = folder / "work" / model.checkpoint_path
        resumed = (
            {"DRESSAGE_RESUME_FROM": str(checkpoints)} if request.attempt > 1 and checkpoints.is_dir() else {}
        )
        return {
            "run_id": request.run_id,
            "attempt": request.attempt,
            "experiment": request.experiment,
            "name": request.name or request.run_id,
            "argv": [str(python), model.script, *arguments],
            "path": str(python.parent),
            "variables": {**request.environment.variables, **resumed},
            "compute": request.compute.name,
            "queue": str(self._compute.queue(request.compute.name)),
            "ticket": ticket.number,
            "slots": request.compute.slots,
            "grace_s": self._grace_s,
            "registers": model.name is not None,
            "workspace": str(self._workspace.root),
            "created": now(),
        }

    def _argument(self, argument: str | DatasetFolder, request: RunRequest) -> str:
        if not isinstance(argument, DatasetFolder):
            return argument
        if request.dataset is None:
            raise StageError(
                "model", "the script is given a dataset's folder, but the recipe describes no dataset"
            )
        return str(self._datasets.folder(request.dataset))
