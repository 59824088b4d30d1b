"""The platform's side: one small protocol per stage, all of one shape.

`plan(description)` says what `ensure` would do and why, and has no side effect.
`ensure(description)` does it and answers with a handle; it is idempotent, keyed by content, and safe to
repeat after a crash. Both raise StageError with one line that names the thing and the next step.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from dressage.records.requests import RunRequest, Training
from dressage.results.plans import StagePlan
from dressage.results.statuses import RunStatus, RunSummary
from dressage.results.tracking import Tracked
from dressage.results.versions import ComputeHandle, DatasetVersion, EnvironmentVersion, File, ModelVersion
from dressage.specs.descriptions import ComputeTarget, Environment, FileDataset

Progress = Callable[[str, int, int | None], None]
"""Called as work goes on: what is being worked on, how much is done, of how much (None: unknown).

With a line break at its end it is a line of output instead, an image's build log for one: shown as it is.
"""


class Datasets(Protocol):
    def plan(self, dataset: FileDataset) -> StagePlan: ...
    def ensure(self, dataset: FileDataset, progress: Progress) -> DatasetVersion: ...
    def list(self) -> Sequence[DatasetVersion]: ...
    def files(self, version: DatasetVersion) -> Sequence[File]:
        """The version's files; a listing need not know them."""

    def download(self, version: DatasetVersion, target: Path) -> None:
        """Put the version's files below `target`, verified."""


class Compute(Protocol):
    def resolve(self, target: ComputeTarget) -> ComputeTarget:
        """The target as this platform would have it: size and accelerator filled in. No side effect."""

    def plan(self, target: ComputeTarget) -> StagePlan: ...
    def ensure(self, target: ComputeTarget, progress: Progress) -> ComputeHandle: ...
    def list(self) -> Sequence[ComputeHandle]: ...
    def delete(self, name: str) -> None: ...


class Environments(Protocol):
    def plan(self, environment: Environment) -> StagePlan:
        """`key` is the environment's key where it is known without building."""

    def ensure(
        self, environment: Environment, progress: Progress, *, upgrade: bool = False
    ) -> EnvironmentVersion:
        """upgrade: resolve the specification again, for what has been released since."""

    def list(self) -> Sequence[EnvironmentVersion]: ...


class Runs(Protocol):
    def submit(self, request: RunRequest) -> None:
        """Start the run, or do nothing if this run and attempt is there already."""

    def status(self, run_id: str) -> RunStatus: ...
    def wait(self, run_id: str, timeout_s: float) -> bool:
        """Block until the run has ended or the time is up; True if it has ended."""

    def logs(self, run_id: str, offset: int = 0) -> bytes:
        """What the run's log holds from byte `offset` on, as much as there is now."""

    def tracked(self, run_id: str) -> Tracked: ...
    def files(self, run_id: str) -> Sequence[File]: ...
    def download(self, run_id: str, paths: Iterable[str], target: Path) -> None: ...
    def cancel(self, run_id: str) -> None:
        """SIGTERM, a grace time, SIGKILL; returns once asked. Harmless if the run has ended."""

    def list(self) -> Sequence[RunSummary]: ...


class Models(Protocol):
    def plan(self, training: Training) -> StagePlan:
        """reuse, if a model of this name came from the very same inputs; else train, and why."""

    def ensure(self, request: RunRequest) -> ModelVersion | None:
        """Register what the completed run left; None if its model has no name."""

    def register(self, name: str, directory: Path) -> ModelVersion:
        """Register a folder by hand."""

    def list(self) -> Sequence[ModelVersion]: ...
    def download(self, version: ModelVersion, target: Path) -> None: ...


class Platform(Protocol):
    """What the `platform` hook returns."""

    @property
    def datasets(self) -> Datasets: ...
    @property
    def compute(self) -> Compute: ...
    @property
    def environments(self) -> Environments: ...
    @property
    def runs(self) -> Runs: ...
    @property
    def models(self) -> Models: ...


@runtime_checkable
class Initialises(Protocol):
    """What a platform offers too, if it has a configuration file of its own to write."""

    def initialise(self, values: Mapping[str, str]) -> Path:
        """Write the platform's configuration file and return its path.

        Called: by `dressage init --on NAME KEY=VALUE ...`. values: those words by key, '-' in keys written as '_';
            each key is an option that the platform declares, and its value has been checked.
        Returns: the path of the file that was written, or that says the same already.
        Raises: SettingsError, in one line, if keys are missing (naming them), if a key does not belong in the file,
            or if the file says something else; StageError if what the values name does not answer. Both reach the
            user as they are.
        Must not write anything before what the values name has answered, and must not change an existing file.

        Example: initialise({"cluster": "lab-1", "queue": "short"}) == Path("/home/ada/lab.json")
        """


@runtime_checkable
class Diagnoses(Protocol):
    """What a platform offers too, if there is something to check before it is used."""

    def diagnose(self) -> Sequence[tuple[str, bool, str]]:
        """Checks for `dressage doctor`: name, whether it holds, what was found. None of them if it is not in use."""
