"""Carrying out the four stages of a request, in order; each step is recorded in the journal."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from msgspec.structs import replace

from dressage.engine.planning import find_registered
from dressage.errors import DressageError, StageError
from dressage.files.disk import describe
from dressage.files.encoding import to_json
from dressage.hooks.proxy import PlatformProxy
from dressage.platforms.protocols import Progress
from dressage.records.requests import RunRequest, Submission
from dressage.records.run_folder import RunFolder
from dressage.results.events import Listener, RunEnded, StageFinished, StageStarted, progress_of
from dressage.results.plans import Stage
from dressage.results.statuses import RunStatus
from dressage.results.versions import ComputeHandle, DatasetVersion, EnvironmentVersion, ModelVersion
from dressage.specs.datasets import Dataset, RegisteredDataset

Handle = DatasetVersion | ComputeHandle | EnvironmentVersion | ModelVersion
H = TypeVar("H", bound=Handle)


@dataclass(frozen=True, slots=True)
class Conductor:
    """Carries a request's stages out on its platform. Every stage may be repeated after a crash."""

    request: RunRequest
    platform: PlatformProxy
    folder: RunFolder
    listener: Listener

    def prepare(self, attempt: int) -> Submission:
        """Ensure inputs, compute and environment. A stage that fails leaves the run open, to be continued."""
        request, platform = self.request, self.platform
        try:
            datasets = {name: self._ensure_dataset(name, wanted) for name, wanted in request.datasets.items()}
            compute = self.carry_out(
                "compute",
                request.compute.name,
                lambda report: platform.compute.ensure(request.compute, report),
            )
            environment = self.carry_out(
                "environment",
                request.environment.name,
                lambda report: platform.environments.ensure(request.environment, report),
            )
        except DressageError as error:
            self._fail(attempt, error)
            raise
        return Submission(
            request=request, attempt=attempt, datasets=datasets, compute=compute, environment=environment
        )

    def submit(self, submission: Submission) -> None:
        """Hand the run over. Harmless if the platform has this attempt.

        Raises StageError if the run was canceled meanwhile.
        """
        if self._cancelled:
            raise StageError("model", f"run {submission.run_id!r} was cancelled before it was submitted")
        self.folder.begin_submission(submission.attempt)
        try:
            self.platform.runs.submit(submission)
        except DressageError as error:
            self._fail(submission.attempt, error)
            raise
        self.folder.finish_submission(submission.attempt)
        if self._cancelled:  # while it was being submitted: whoever asked could not reach it yet
            self.platform.runs.cancel(submission.run_id)

    def register(self, submission: Submission, metrics: Mapping[str, float]) -> ModelVersion:
        """Register the model of a completed run."""
        name = str(submission.request.model.name)
        return self.carry_out("model", name, lambda _: self.platform.models.ensure(submission, metrics))

    def carry_out(self, stage: Stage, name: str, ensure: Callable[[Progress], H], of: str | None = None) -> H:
        """of: the input that a dataset is."""
        self.listener(StageStarted(stage, name))
        self.folder.start_stage(stage, of)
        begun = time.monotonic()
        try:
            handle = ensure(progress_of(stage, self.listener))
        except BrokenPipeError:  # the reader of our output is gone, as with `| head`
            raise
        except OSError as error:
            raise StageError(stage, describe(error)) from error
        self.folder.finish_stage(stage, to_json(handle), of)
        self.listener(StageFinished(stage, label_of(to_json(handle)), time.monotonic() - begun))
        return handle

    @property
    def _cancelled(self) -> bool:
        return self.folder.refresh().cancelled

    def _ensure_dataset(self, name: str, wanted: Dataset) -> DatasetVersion:
        def ensure(report: Progress) -> DatasetVersion:
            if not isinstance(wanted, RegisteredDataset):
                return self.platform.datasets.ensure(wanted, report)
            found = find_registered(self.platform, wanted)
            return replace(found, files=tuple(self.platform.datasets.files(found)))

        return self.carry_out("dataset", wanted.name, ensure, name)

    def _fail(self, attempt: int, error: DressageError) -> None:
        failed = RunStatus(state="Failed", reason=str(error), interrupted=True)
        if not self._cancelled:
            self.folder.record(failed, attempt)
        self.listener(RunEnded(self.request.run_id, failed, None))


def label_of(handle: Mapping[str, Any]) -> str:
    """What a stage came to, in a word: "mnist-dataset:1", "keras-env:3f2a90b1c4d5", "gpu-cluster"."""
    version = handle.get("version") or handle.get("key", "")[:12]
    return f"{handle['name']}:{version}" if version else str(handle["name"])
