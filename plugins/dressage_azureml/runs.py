"""Runs in Azure ML. The part of a log that was read is kept in the workspace."""

import base64
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec.structs import replace

from dressage.errors import NotFoundError, SpecError, StageError, describe_unknown
from dressage.files.encoding import to_json
from dressage.platforms.remote import LogMirror
from dressage.records.requests import RunRequest, Submission, input_of
from dressage.records.workspace import Workspace
from dressage.results.metrics import Point
from dressage.results.statuses import RunStatus, State
from dressage.results.tracking import Recorded
from dressage.results.versions import File, Snapshot
from dressage.specs.datasets import DatasetFolder, variable_of_input
from dressage.storage.source_files import find_source_files
from dressage_azureml.azure import Azure
from dressage_azureml.environments import azure_version
from dressage_azureml.event_files import download_metrics
from dressage_azureml.history import INPUTS, RECIPE, RUN, AzureHistory, describe_submission
from dressage_azureml.ids import azure_id
from dressage_azureml.states import STATES

_EXIT_CODE = re.compile(r"exited with (?:status|exit) code (-?\d+)|exit code:? (-?\d+)", re.IGNORECASE)
_LIMIT_MB = 300
"""The largest source directory that the SDK submits."""
_CHECKPOINTS = "resume_from"
"""Folder of earlier attempts' checkpoints in a resumed run, relative to its working directory."""


class AzureRuns(AzureHistory):
    def __init__(self, azure: Azure, workspace: Workspace) -> None:
        self._azure = azure
        self._workspace = workspace
        self.poll_s = azure.options.poll_s

    def submit(self, submission: Submission) -> None:
        request, script = submission.request, submission.request.script
        directory, resumed = self._source(submission)
        self._azure.call(
            "model",
            "runs.submit",
            run_id=azure_id(request.run_id, submission.attempt),
            experiment=request.experiment,
            directory=str(directory),
            script=script.file,
            command=None if script.file else list(script.program("python")),
            arguments=[_argument(argument, submission) for argument in script.arguments],
            datasets=to_json(submission.datasets),
            compute=submission.compute.name,
            environment=[submission.environment.name, azure_version(submission.environment.key)],
            variables={"PYTHONUNBUFFERED": "1", "DRESSAGE_RUN_ID": request.run_id, **resumed},
            tags={
                **request.tags,
                RUN: request.run_id,
                RECIPE: request.recipe,
                INPUTS: submission.training.key,
            },
            name=request.name or request.run_id,
            time_limit_s=request.compute.time_limit_s,
            submission=describe_submission(submission),
        )

    def observe(self, run_id: str) -> RunStatus:
        record = self._workspace.run(run_id).refresh()
        attempt = max(record.submitting, record.submitted)
        if not attempt:
            raise NotFoundError(f"run {run_id!r} was not submitted to Azure ML")
        answer = self._azure.call("model", "runs.status", run_id=azure_id(run_id, attempt))
        status = replace(_status(answer), attempt=attempt)
        limit = record.the_request().compute.time_limit_s
        return _explain_limit(status, limit) if limit else status

    def logs(self, run_id: str, offset: int = 0) -> bytes:
        """Return bytes of the log, in which the attempts follow one another."""
        record = self._workspace.run(run_id).refresh()
        for attempt in range(1, record.submitted + 1):
            log = self._log(run_id, attempt)
            if offset >= log.size:
                log.update(has_ended=attempt < record.submitted or record.status.has_ended)
            if offset < log.size:
                return log.read(offset)
            offset -= log.size
        return b""

    def records(self, run_id: str) -> Recorded:
        attempt = self._last_attempt(run_id)
        answer = self._azure.call("model", "runs.read_recorded", run_id=attempt)
        metrics = {key: [Point(*point) for point in points] for key, points in answer["metrics"].items()}
        if answer["ended"]:
            metrics |= download_metrics(self._azure, attempt, metrics)
        return Recorded(metrics=metrics, params=answer["params"], tags=answer["tags"])

    def files(self, run_id: str) -> Sequence[File]:
        return [File(path=path, size=None) for path in sorted(self._locate_files(run_id))]

    def download(self, run_id: str, paths: Iterable[str], target: Path) -> None:
        found = self._locate_files(run_id)
        for path in paths:
            if path not in found:
                raise NotFoundError(describe_unknown(f"file of run {run_id!r}", path, found))
        self._fetch({path: found[path] for path in paths}, target)

    def cancel(self, run_id: str) -> None:
        record = self._workspace.run(run_id).refresh()
        if record.submitting > record.submitted:  # it is not known whether Azure ML has this attempt
            with suppress(StageError):
                self._azure.call("model", "runs.cancel", run_id=azure_id(run_id, record.submitting))
        if record.submitted:
            self._azure.call("model", "runs.cancel", run_id=azure_id(run_id, record.submitted))

    def notes(self, request: RunRequest) -> Sequence[str]:
        lost = "Azure ML keeps only what the script writes to outputs/ and logs/"
        model = request.model
        if model.name is None or PurePosixPath(model.output_path).parts[:1] in (("outputs",), ("logs",)):
            return [lost]
        return [
            f"{lost}; the model {model.name!r} is expected at {model.output_path!r}, and will not be registered"
        ]

    def _last_attempt(self, run_id: str) -> str:
        """Return the Azure ML id of the last attempt that was submitted."""
        return azure_id(run_id, self._workspace.run(run_id).refresh().submitted)

    def _source(self, submission: Submission) -> tuple[Path, dict[str, str]]:
        """Return the source folder to submit, and its variables. A resumed run's folder contains its checkpoints."""
        request = submission.request
        prefix = f"{request.script.checkpoint_path}/"
        before = self._locate_files(request.run_id, submission.attempt - 1) if submission.attempt > 1 else {}
        checkpoints = {path: one for path, one in before.items() if path.startswith(prefix)}
        if not checkpoints and not _has_ignored(request.snapshot):
            return request.snapshot.directory, {}
        folder = self._workspace.run(request.run_id).source(submission.attempt)
        shutil.rmtree(folder, ignore_errors=True)
        ignored = shutil.ignore_patterns(".gitignore", ".amlignore")  # the snapshot follows them already
        shutil.copytree(request.snapshot.directory, folder, ignore=ignored)
        if not checkpoints:
            return folder, {}
        fetched = folder.with_name(f"{folder.name}.fetched")
        self._fetch(checkpoints, fetched)
        (fetched / prefix).rename(folder / _CHECKPOINTS)
        shutil.rmtree(fetched)
        _check_size(folder, submission)
        return folder, {"DRESSAGE_RESUME_FROM": _CHECKPOINTS}

    def _locate_files(self, run_id: str, last: int | None = None) -> dict[str, str]:
        """Return the files by path, each with the Azure ML id of the last attempt that wrote it."""
        found: dict[str, str] = {}
        for attempt in range(1, (last or self._workspace.run(run_id).refresh().submitted) + 1):
            one = azure_id(run_id, attempt)
            found |= dict.fromkeys(self._azure.call("model", "runs.files", run_id=one), one)
        return found

    def _fetch(self, located: Mapping[str, str], target: Path) -> None:
        for attempt in dict.fromkeys(located.values()):
            paths = [path for path, one in located.items() if one == attempt]
            self._azure.call("model", "runs.download", run_id=attempt, paths=paths, target=str(target))

    def _log(self, run_id: str, attempt: int) -> LogMirror:
        def fetch(offset: int, limit: int) -> bytes:
            one = azure_id(run_id, attempt)
            return base64.b64decode(
                self._azure.call("model", "runs.log", run_id=one, offset=offset, limit=limit)
            )

        return LogMirror(self._workspace.run(run_id).mirrored_log(attempt), fetch)


def _has_ignored(snapshot: Snapshot) -> bool:
    """Return whether a snapshot has files that its ignore files list: the SDK would leave them out again."""
    return len(find_source_files(snapshot.directory).files) < len(snapshot.files)


def _check_size(folder: Path, submission: Submission) -> None:
    """Raise StageError for a folder that is too large for the SDK."""
    size_mb = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) >> 20
    if size_mb >= _LIMIT_MB:
        shutil.rmtree(folder)
        raise StageError(
            "model",
            f"run {submission.run_id!r}: its source directory and the checkpoints in"
            f" {submission.request.script.checkpoint_path!r} have {size_mb} MB; Azure ML accepts less than"
            f" {_LIMIT_MB} MB; keep fewer checkpoints, and start a new run with --again",
        )


def _status(answer: Mapping[str, Any]) -> RunStatus:
    """Convert the worker's answer. The times are Azure ML's, not when the run was observed."""
    state: State = STATES.get(answer["state"], "Running")
    times = {"started": answer["started"], "ended": answer["ended"]}
    if state != "Failed":
        reason = "the cluster is scaling" if answer["scaling"] else None
        return RunStatus(state=state, exit_code=0 if state == "Completed" else None, reason=reason, **times)
    message = " ".join((answer["message"] or "").split())
    code = _exit_code(message) or None  # 0: the script succeeded, and the run failed for another reason
    reason = f"the script ended with exit code {code}" if code else message or answer["code"] or "failed"
    preempted = "PreemptionError" in message or answer["code"] not in ("UserError", "ImageBuildFailure")
    return RunStatus(
        state=state, exit_code=code, reason=reason, interrupted=code is None and preempted, **times
    )


def _argument(argument: str | DatasetFolder, submission: Submission) -> Any:
    """Convert an argument for the worker.

    A dataset of one file is downloaded, because Azure ML mounts the file itself and passes its path.
    """
    if not isinstance(argument, DatasetFolder):
        return argument
    name = input_of(argument, submission.datasets)
    if argument.template is not None:
        option, _, _ = argument.template.partition("=")
        raise SpecError(
            f"argument {argument.template!r}: Azure ML passes the folder of an input as a separate argument; give"
            f" it after {option!r}, without '='"
        )
    mode = "download" if len(submission.datasets[name].files) == 1 else argument.mode
    return {"dataset": name, "mode": mode, "variable": variable_of_input(name)}


def _explain_limit(status: RunStatus, limit_s: float) -> RunStatus:
    """Give a canceled run a reason if it ran for its time limit: Azure ML then cancels it without one."""
    if status.state != "Canceled" or not (status.started and status.ended) or status.reason:
        return status
    lasted = datetime.fromisoformat(status.ended) - datetime.fromisoformat(status.started)
    return (
        replace(status, reason=f"canceled: the script reached its time limit of {limit_s:g} s")
        if lasted.total_seconds() >= limit_s
        else status
    )


def _exit_code(message: str) -> int | None:
    """Return the exit code in Azure ML's message, or None. After a signal it is 128 plus the signal's number."""
    found = _EXIT_CODE.search(message)
    code = int(found[1] or found[2]) if found else None
    return 128 - code if code is not None and code < 0 else code
