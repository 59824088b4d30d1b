"""Planning the four stages of a job, and carrying them out in order with the journal as witness."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from msgspec.structs import replace

from dressage.errors import DressageError, StageError
from dressage.files.encoding import to_json
from dressage.hooks.plugins import asked
from dressage.hooks.recipes import Described
from dressage.platforms.protocols import Platform, Progress
from dressage.records.jobs import Job
from dressage.records.journal import Journal
from dressage.records.record import Reader
from dressage.records.requests import RunRequest, Training
from dressage.results.events import Listener, RunEnded, StageFinished, StageStarted, progress_of
from dressage.results.plans import Stage, StagePlan
from dressage.results.statuses import RunStatus
from dressage.results.versions import (
    ComputeHandle,
    DatasetVersion,
    EnvironmentVersion,
    ModelVersion,
    Snapshot,
)

Handle = DatasetVersion | ComputeHandle | EnvironmentVersion | ModelVersion
H = TypeVar("H", bound=Handle)


def planned(platform: Platform, name: str, described: Described, snapshot: Snapshot) -> tuple[StagePlan, ...]:
    """What the platform would do for each stage; nothing is touched."""
    dataset = StagePlan(stage="dataset", action="none", name="none", reasons=("the recipe reads no dataset",))
    if wanted := described.dataset:
        dataset = asked(name, "datasets.plan", lambda: platform.datasets.plan(wanted))
    compute = asked(name, "compute.plan", lambda: platform.compute.plan(described.compute))
    environment = asked(name, "environments.plan", lambda: platform.environments.plan(described.environment))
    training = Training(
        model=described.model,
        snapshot=snapshot,
        dataset=dataset.key,
        environment=environment.key if environment.action == "reuse" else None,
        variables=described.environment.variables,
    )
    model = asked(name, "models.plan", lambda: platform.models.plan(training))
    return tuple(
        replace(stage, changed_by=described.changed_by.get(stage.stage, ()))
        for stage in (dataset, compute, environment, model)
    )


@dataclass(frozen=True, slots=True)
class Conductor:
    """Carries a job's stages out on its platform. Every stage may be repeated after a crash."""

    job: Job
    platform: Platform
    journal: Journal
    listener: Listener

    def prepare(self, attempt: int) -> RunRequest:
        """Ensure dataset, compute and environment. A stage that fails leaves the run open, to be continued."""
        job, platform = self.job, self.platform
        try:
            dataset = None
            if described := job.dataset:
                dataset = self.carry_out(
                    "dataset", described.name, lambda told: platform.datasets.ensure(described, told)
                )
            compute = self.carry_out(
                "compute", job.compute.name, lambda told: platform.compute.ensure(job.compute, told)
            )
            environment = self.carry_out(
                "environment",
                job.environment.name,
                lambda told: platform.environments.ensure(job.environment, told),
            )
        except DressageError as error:
            failed = RunStatus(state="Failed", reason=str(error), interrupted=True)
            if not self._cancelled:
                self.journal.append(
                    "state", state=failed.state, reason=failed.reason, attempt=attempt, interrupted=True
                )
            self.listener(RunEnded(job.run_id, failed, None))
            raise
        return RunRequest(
            run_id=job.run_id,
            recipe=job.recipe,
            experiment=job.experiment,
            name=job.name,
            tags=job.tags,
            attempt=attempt,
            dataset=dataset,
            compute=compute,
            environment=environment,
            training=Training(
                model=job.model,
                snapshot=job.snapshot,
                dataset=dataset.digest if dataset else None,
                environment=environment.key,
                variables=job.environment.variables,
            ),
        )

    def submit(self, request: RunRequest) -> None:
        """Hand the run over. Harmless if the platform has this attempt already.

        Raises StageError if the run was cancelled meanwhile.
        """
        if self._cancelled:
            raise StageError("model", f"run {request.run_id!r} was cancelled before it was submitted")
        self.journal.append("run.submitting", attempt=request.attempt, request=to_json(request))
        asked(self.job.platform, "runs.submit", lambda: self.platform.runs.submit(request))
        self.journal.append("run.submitted", attempt=request.attempt)
        if self._cancelled:  # while it was being submitted: whoever asked could not reach it yet
            asked(self.job.platform, "runs.cancel", lambda: self.platform.runs.cancel(request.run_id))

    @property
    def _cancelled(self) -> bool:
        return Reader(self.journal).refresh().cancelled

    def register(self, request: RunRequest) -> ModelVersion | None:
        """Register the model of a completed run."""
        if request.training.model.name is None:
            return None
        return self.carry_out(
            "model", request.training.model.name, lambda _: _present(self.platform.models.ensure(request))
        )

    def carry_out(self, stage: Stage, name: str, ensure: Callable[[Progress], H]) -> H:
        self.listener(StageStarted(stage, name))
        self.journal.append("stage.started", stage=stage)
        begun = time.monotonic()
        told = progress_of(stage, self.listener)
        handle: H = asked(self.job.platform, stage, lambda: ensure(told))
        self.journal.append("stage.finished", stage=stage, handle=to_json(handle))
        self.listener(StageFinished(stage, label_of(to_json(handle)), time.monotonic() - begun))
        return handle


def label_of(handle: Mapping[str, Any]) -> str:
    """What a stage came to, in a word: "mnist-dataset:1", "keras-env:3f2a90b1c4d5", "gpu-cluster"."""
    version = handle.get("version") or handle.get("key", "")[:12]
    return f"{handle['name']}:{version}" if version else str(handle["name"])


def _present(model: ModelVersion | None) -> ModelVersion:
    if model is None:
        raise LookupError("a model that has a name was not registered")
    return model
