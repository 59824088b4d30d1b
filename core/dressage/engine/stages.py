"""Carry out the stages of a request in order, and record each in the journal."""

import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from dressage.engine.planning import find_registered
from dressage.errors import DressageError, StageError, UnreachableError
from dressage.files.disk import describe
from dressage.files.encoding import from_json, to_json
from dressage.hooks.proxy import PlatformProxy
from dressage.platforms.protocols import Progress
from dressage.records.requests import RunRequest, Submission
from dressage.records.run_folder import RunFolder
from dressage.results.events import Listener, RunEnded, StageFinished, StageStarted, progress_of
from dressage.results.plans import Stage
from dressage.results.statuses import RunStatus
from dressage.results.versions import ComputeHandle, DatasetVersion, EnvironmentVersion, ModelVersion
from dressage.specs.dataset_addresses import Addresses
from dressage.specs.datasets import Dataset, RegisteredDataset

Handle = DatasetVersion | ComputeHandle | EnvironmentVersion | ModelVersion
H = TypeVar("H", bound=Handle)


class Conductor(Struct, frozen=True):
    """Carries out a request's stages on its platform. Every stage can be repeated after a crash.

    addresses: those of datasets that have a secret, as far as this process knows them.
    """

    request: RunRequest
    platform: PlatformProxy
    folder: RunFolder
    listener: Listener
    addresses: Addresses

    def prepare(self, attempt: int) -> Submission:
        """Ensure datasets, compute and environment, and return what the platform needs to start the attempt.

        Raises the error of a stage that fails; the run can be resumed then.
        """
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
                lambda report: platform.environments.ensure(request.environment_with_source, report),
            )
        except DressageError as error:
            self._fail(attempt, error)
            raise
        return Submission(
            request=request, attempt=attempt, datasets=datasets, compute=compute, environment=environment
        )

    def submit(self, submission: Submission) -> None:
        """Submit the attempt to the platform. Can be repeated.

        Raises StageError if the run was canceled in the meantime, or cannot be started; UnreachableError if the
        platform may have the attempt or not: then it is submitted again when the run is resumed.
        """
        if self._is_canceled:
            raise StageError("model", f"run {submission.run_id!r} was canceled before it was submitted")
        self.folder.begin_submission(submission.attempt)
        try:
            self.platform.runs.submit(submission)
        except UnreachableError:
            raise
        except DressageError as error:
            self._fail(submission.attempt, error)
            raise
        self.folder.finish_submission(submission.attempt)
        if self._is_canceled:  # during the submission, when the platform could not cancel it yet
            self.platform.runs.cancel(submission.run_id)

    def register(self, submission: Submission, metrics: Mapping[str, float]) -> ModelVersion:
        """Register the model of a completed run. metrics: the last value of each."""
        name = str(submission.request.model.name)
        return self.carry_out("model", name, lambda _: self.platform.models.ensure(submission, metrics))

    def carry_out(self, stage: Stage, name: str, ensure: Callable[[Progress], H], of: str | None = None) -> H:
        """Call `ensure` for a stage; record and report its start and end. of: the name of a dataset input."""
        self.listener(StageStarted(stage, name))
        self.folder.start_stage(stage, of)
        begun = time.monotonic()
        try:
            handle = ensure(progress_of(stage, self.listener))
        except BrokenPipeError:  # the reader of our output exited, as in `| head`
            raise
        except OSError as error:
            raise StageError(stage, describe(error)) from error
        self.folder.finish_stage(stage, to_json(handle), of)
        self.listener(StageFinished(stage, label_of(to_json(handle)), time.monotonic() - begun))
        return handle

    @property
    def _is_canceled(self) -> bool:
        return self.folder.refresh().canceled

    def _ensure_dataset(self, name: str, wanted: Dataset) -> DatasetVersion:
        """Ensure one input. Raises StageError if an earlier attempt was trained on other data."""
        used = self._used_dataset(name)

        def ensure(report: Progress) -> DatasetVersion:
            if not isinstance(wanted, RegisteredDataset):
                found = self.platform.datasets.ensure(self.addresses.restore(wanted), report)
            else:
                pinned = RegisteredDataset(name=wanted.name, version=used.version) if used else wanted
                found = find_registered(self.platform, pinned)
                found = replace(found, files=tuple(self.platform.datasets.files(found)))
                if mend := getattr(self.platform.datasets, "mend", None):  # of the workspace's own store
                    mend(found, report)
            if used and used.key != found.key:
                refuse_data(self.request.recipe, wanted.name, used.key, found.key)
            return found

        return self.carry_out("dataset", wanted.name, ensure, name)

    def _used_dataset(self, name: str) -> DatasetVersion | None:
        """Return the version that an earlier attempt was submitted with; None if no attempt was."""
        handle = self.folder.refresh().used_datasets.get(name)
        return from_json(DatasetVersion, handle) if handle else None

    def _fail(self, attempt: int, error: DressageError) -> None:
        """Record that the attempt failed, unless it was canceled."""
        failed = RunStatus(state="Failed", reason=str(error), interrupted=True)
        if not self._is_canceled:
            self.folder.record(failed, attempt)
        self.listener(RunEnded(self.request.run_id, failed, None))


def refuse_data(recipe: str, name: str, expected: str, found: str) -> NoReturn:
    """Raise StageError: the attempts before were trained on other data. expected, found: digests."""
    raise StageError(
        "dataset",
        f"dataset {name!r} has changed since this run was started: expected {expected}, got {found};"
        f" start a new run: dressage run {recipe} --again",
    )


def label_of(handle: Mapping[str, Any]) -> str:
    """Return the name and version of a stage's result: "mnist-dataset:1", "keras-env:3f2a90b1c4d5", "gpu-cluster"."""
    version = handle.get("version") or handle.get("key", "")[:12]
    return f"{handle['name']}:{version}" if version else str(handle["name"])
