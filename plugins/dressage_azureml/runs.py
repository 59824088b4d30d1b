"""Runs in Azure ML. The run's journal gets each state as we see it; its log is kept beside, as far as we read it."""

import base64
import copy
import re
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dressage.errors import NotFoundError, StageError, unknown
from dressage.files.encoding import to_json
from dressage.files.locks import FileLock
from dressage.records.record import Reader, Record, journal_of
from dressage.records.requests import RunRequest
from dressage.records.workspace import Workspace
from dressage.results.statuses import RunStatus, RunSummary, State
from dressage.results.tracking import Tracked
from dressage.results.versions import File
from dressage.specs.descriptions import DatasetFolder
from dressage_azureml.azure import Azure
from dressage_azureml.environments import registered

_STATES: Mapping[str, State] = {
    "NotStarted": "Preparing",
    "Starting": "Preparing",
    "Provisioning": "Preparing",
    "Preparing": "Preparing",
    "Queued": "Queued",
    "Running": "Running",
    "CancelRequested": "Running",
    "NotResponding": "Running",
    "Paused": "Queued",
    "Finalizing": "Finalizing",
    "Completed": "Completed",
    "Failed": "Failed",
    "Canceled": "Canceled",
}
_EXIT_CODE = re.compile(r"exited with (?:status|exit) code (-?\d+)|exit code:? (-?\d+)", re.IGNORECASE)
_SOONEST_S = 0.2
_PIECE = 4 << 20
"""How many bytes of a log are read at a time."""
_LIMIT_MB = 300
"""How large a source directory the SDK submits."""
_CHECKPOINTS = "resume_from"
"""Where a resumed run finds the checkpoints of its earlier attempts: below its working directory."""


class AzureRuns:
    def __init__(self, azure: Azure, workspace: Workspace) -> None:
        self._azure = azure
        self._workspace = workspace
        self._readers: dict[str, Reader] = {}
        self._asked: dict[str, float] = {}
        self._begun: dict[str, float] = {}

    def submit(self, request: RunRequest) -> None:
        run_id = azure_id(request.run_id, request.attempt)
        directory, resumed = self._source(request)
        self._azure.call(
            "model",
            "runs.submit",
            run_id=run_id,
            experiment=request.experiment,
            directory=str(directory),
            script=request.training.model.script,
            arguments=[_argument(argument, request) for argument in request.training.model.arguments],
            dataset=to_json(request.dataset) if request.dataset else None,
            compute=request.compute.name,
            environment=registered(request.environment.name, request.environment.key),
            variables={"PYTHONUNBUFFERED": "1", "DRESSAGE_RUN_ID": request.run_id, **resumed},
            tags={**request.tags, "dressage.run": request.run_id, "dressage.recipe": request.recipe},
            name=request.name or request.run_id,
        )

    def status(self, run_id: str) -> RunStatus:
        record = self._record(run_id)
        if record.status.has_ended or not self._is_due(f"status {run_id}"):
            return record.status
        told = self._azure.call("model", "runs.status", run_id=azure_id(run_id, record.attempt))
        status = _status(told)
        if (status.state, status.reason) != (record.status.state, record.status.reason):
            self._enter(run_id, record.attempt, status)
        return self._record(run_id).status

    def wait(self, run_id: str, timeout_s: float) -> bool:
        """Azure ML tells nobody of a run's end: it has to be asked."""
        deadline = time.monotonic() + timeout_s
        while not self.status(run_id).has_ended:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, self._pause_s(run_id)))
        return True

    def logs(self, run_id: str, offset: int = 0) -> bytes:
        """Of all attempts, one after the other."""
        record = self._record(run_id)
        due = self._is_due(f"log {run_id}") or record.status.has_ended
        for attempt in range(1, record.attempt + 1):
            path = self._log(run_id, attempt)
            if due:
                self._read_log(
                    run_id, attempt, path, ended=attempt < record.attempt or record.status.has_ended
                )
            size = path.stat().st_size if path.exists() else 0
            if offset < size:
                with path.open("rb") as log:
                    log.seek(offset)
                    return log.read(_PIECE)
            offset -= size
        return b""

    def tracked(self, run_id: str) -> Tracked:
        record = self._record(run_id)
        if record.status.has_ended or not record.is_submitted:
            return record.tracked
        tracked = copy.deepcopy(record.tracked)
        for event, items in self._recorded(run_id, record.attempt):
            tracked.apply({"event": event, "items": items, "attempt": record.attempt})
        return tracked

    def files(self, run_id: str) -> Sequence[File]:
        return [File(path=path, size=None) for path in sorted(self._located(run_id))]

    def download(self, run_id: str, paths: Iterable[str], target: Path) -> None:
        found = self._located(run_id)
        for path in paths:
            if path not in found:
                raise NotFoundError(unknown(f"file of run {run_id!r}", path, found))
        self._fetch({path: found[path] for path in paths}, target)

    def cancel(self, run_id: str) -> None:
        record = self._record(run_id)
        if not record.status.has_ended:
            self._azure.call("model", "runs.cancel", run_id=azure_id(run_id, record.attempt))

    def list(self) -> Sequence[RunSummary]:
        from dressage.records.index import RunIndex

        return [run for run in RunIndex(self._workspace).summaries() if run.platform == "azureml"]

    def _record(self, run_id: str) -> Record:
        if run_id not in self._readers:
            self._readers[run_id] = Reader(journal_of(self._workspace.run(run_id)))
        return self._readers[run_id].refresh()

    def _is_due(self, what: str) -> bool:
        """Whether it is time to ask again; followers look far more often than Azure ML likes to be asked."""
        now = time.monotonic()
        if now - self._asked.get(what, float("-inf")) < self._pause_s(what):
            return False
        self._asked[what] = now
        return True

    def _pause_s(self, what: str) -> float:
        """Often at first, for those who watch a run that is soon over; then as often as the options say."""
        known_for = time.monotonic() - self._begun.setdefault(what, time.monotonic())
        return min(self._azure.options.poll_s, max(_SOONEST_S, known_for / 10))

    def _source(self, request: RunRequest) -> tuple[Path, dict[str, str]]:
        """The folder to run in, and what to say of checkpoints: those of earlier attempts travel with the source."""
        snapshot = request.training.snapshot.directory
        if request.attempt == 1:
            return snapshot, {}
        prefix = f"{request.training.model.checkpoint_path}/"
        before = self._located(request.run_id, request.attempt - 1)
        left = {path: one for path, one in before.items() if path.startswith(prefix)}
        if not left:
            return snapshot, {}
        folder = self._workspace.run(request.run_id) / f"source-{request.attempt}"
        shutil.rmtree(folder, ignore_errors=True)
        ignored = shutil.ignore_patterns(".gitignore", ".amlignore")  # they have been followed already
        shutil.copytree(snapshot, folder, ignore=ignored)
        fetched = folder.with_name(f"{folder.name}.fetched")
        self._fetch(left, fetched)
        (fetched / prefix).rename(folder / _CHECKPOINTS)
        shutil.rmtree(fetched)
        _check_size(folder, request)
        return folder, {"DRESSAGE_RESUME_FROM": _CHECKPOINTS}

    def _located(self, run_id: str, last: int | None = None) -> dict[str, str]:
        """Files by path, with the id of the last attempt that wrote each."""
        found: dict[str, str] = {}
        for attempt in range(1, (last or self._record(run_id).attempt) + 1):
            one = azure_id(run_id, attempt)
            found |= dict.fromkeys(self._azure.call("model", "runs.files", run_id=one), one)
        return found

    def _fetch(self, located: Mapping[str, str], target: Path) -> None:
        for attempt in dict.fromkeys(located.values()):
            paths = [path for path, one in located.items() if one == attempt]
            self._azure.call("model", "runs.download", run_id=attempt, paths=paths, target=str(target))

    def _log(self, run_id: str, attempt: int) -> Path:
        return self._workspace.run(run_id) / f"log-{attempt}.txt"

    def _read_log(self, run_id: str, attempt: int, path: Path, *, ended: bool) -> None:
        """Add what is new to our copy. Only one process does: the copy has the log's very bytes."""
        whole = path.with_suffix(".whole")
        if whole.exists():
            return
        lock = FileLock(path.with_suffix(".lock"))
        if not lock.acquire(blocking=ended):
            return
        try:
            data = self._more(run_id, attempt, path)
            if ended and not data:
                whole.touch()
            if len(data) == _PIECE:
                self._asked.pop(f"log {run_id}", None)  # there is more, and no need to wait for it
        finally:
            lock.release()

    def _more(self, run_id: str, attempt: int, path: Path) -> bytes:
        """The next piece of the log, added to our copy."""
        offset = path.stat().st_size if path.exists() else 0
        one = azure_id(run_id, attempt)
        told = self._azure.call("model", "runs.log", run_id=one, offset=offset, limit=_PIECE)
        data = base64.b64decode(told)
        with path.open("ab") as file:
            file.write(data)
        return data

    def _enter(self, run_id: str, attempt: int, status: RunStatus) -> None:
        """Put a new state into the journal, once, whoever else watches; at the end, what the run recorded before."""
        with FileLock(self._workspace.run(run_id) / "state.lock"):
            record = self._record(run_id)
            if record.status.has_ended or record.attempt != attempt:
                return
            if status.has_ended:
                self._remember(run_id, attempt)
            journal_of(self._workspace.run(run_id)).append(
                "state",
                state=status.state,
                exit_code=status.exit_code,
                reason=status.reason,
                interrupted=status.interrupted,
                attempt=attempt,
            )

    def _remember(self, run_id: str, attempt: int) -> None:
        """Put what an ended run recorded into its journal, where listings and lineage find it."""
        journal = journal_of(self._workspace.run(run_id))
        for event, items in self._recorded(run_id, attempt):
            journal.append(event, items=items, attempt=attempt)

    def _recorded(self, run_id: str, attempt: int) -> Sequence[tuple[str, Sequence[Mapping[str, Any]]]]:
        told = self._azure.call("model", "runs.tracked", run_id=azure_id(run_id, attempt))
        points = [
            {"key": key, "value": value, "step": step, "timestamp": timestamp}
            for key, values in told["metrics"].items()
            for value, step, timestamp in values
        ]
        pairs = {kind: [{"key": k, "value": v} for k, v in told[kind].items()] for kind in ("params", "tags")}
        events = [("metrics", points), *pairs.items()]
        return [(event, items) for event, items in events if items]


def _check_size(folder: Path, request: RunRequest) -> None:
    """Raises StageError for more than the SDK takes along."""
    size_mb = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) >> 20
    if size_mb >= _LIMIT_MB:
        shutil.rmtree(folder)
        raise StageError(
            "model",
            f"run {request.run_id!r}: its script and the checkpoints that it left in"
            f" {request.training.model.checkpoint_path!r} are {size_mb} MB, and Azure ML takes {_LIMIT_MB} MB along;"
            " keep fewer of them, and train anew with --again",
        )


def azure_id(run_id: str, attempt: int) -> str:
    """What the attempt is called in Azure ML, where an id is used once."""
    return run_id if attempt == 1 else f"{run_id}-{attempt}"


def _status(told: Mapping[str, Any]) -> RunStatus:
    state: State = _STATES.get(told["state"], "Running")
    if state != "Failed":
        reason = "the cluster is scaling" if told["scaling"] else None
        return RunStatus(state=state, exit_code=0 if state == "Completed" else None, reason=reason)
    message = " ".join((told["message"] or "").split())
    code = _exit_code(message) or None  # of a script that ended well the run did not fail
    reason = f"the script ended with exit code {code}" if code else message or told["code"] or "failed"
    taken_away = "PreemptionError" in message or told["code"] not in ("UserError", "ImageBuildFailure")
    return RunStatus(state=state, exit_code=code, reason=reason, interrupted=code is None and taken_away)


def _argument(argument: str | DatasetFolder, request: RunRequest) -> Any:
    """A dataset of one file is downloaded: mounted, Azure ML would hand the script the file and not its folder."""
    if isinstance(argument, DatasetFolder) and request.dataset and len(request.dataset.files) == 1:
        argument = DatasetFolder(mode="download")
    return to_json(argument)


def _exit_code(message: str) -> int | None:
    """As a shell tells it: 128 and the signal's number, for a script that a signal ended."""
    found = _EXIT_CODE.search(message)
    code = int(found[1] or found[2]) if found else None
    return 128 - code if code is not None and code < 0 else code
