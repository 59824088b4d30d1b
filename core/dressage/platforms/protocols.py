"""What a platform must do, and what it may do.

A platform has `runs`. Everything else is a capability that it may have: for what it does not have, the engine uses
the workspace's own store.

    runs            required: start a run, look at it, read its log and files, cancel it
    datasets        register files, and have them where runs are
    compute         targets: get or create
    environments    build what scripts run in
    models          a registry of models

`plan(description)` says what `ensure` would do and why, and changes nothing. `ensure(description)` does it and
returns what there is then; it may be repeated at any time, after a crash too. Methods raise:

    StageError          it cannot be done; one line that names the thing, the value and the next step
    SettingsError       what was asked for is wrong
    NotFoundError       there is nothing of that name
    UnreachableError    the platform cannot be asked now; the engine shows the last recorded state and warns

Anything else that a method raises becomes a PluginError with the platform's name. No method writes to a run's
journal: the engine records what they return.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from dressage.records.requests import RunRequest, Submission, Training
from dressage.results.plans import StagePlan
from dressage.results.statuses import RunStatus
from dressage.results.tracking import Recorded
from dressage.results.versions import ComputeHandle, DatasetVersion, EnvironmentVersion, File, ModelVersion
from dressage.specs.compute import ComputeTarget
from dressage.specs.datasets import FileDataset
from dressage.specs.environments import Environment

Progress = Callable[[str, int, int | None], None]
"""Called as work goes on: what is being worked on, how much is done, of how much (None: unknown).

With a line break at its end it is a line of output instead, an image's build log for one: shown as it is.
"""


class Runs(Protocol):
    """The one thing that a platform must have. A run is known by the engine's id."""

    def submit(self, submission: Submission) -> None:
        """Start one attempt of a run, or do nothing if the platform has this run and attempt.

        Called: once all other stages are done; again after a crash, with the same run id and attempt; and with the
            next attempt when a run that failed or was canceled is resumed.
        Returns: as soon as the platform has it; the run may be queued.
        Raises: StageError if it cannot be started.
        """

    def observe(self, run_id: str) -> RunStatus:
        """Return how the last attempt that was submitted stands now.

        Called: while a run is followed, with pauses that grow; by listings, once for each run that has not ended.
        Returns: the state; once it has ended the exit code, and a reason in one line if it failed; started and
            ended where the platform knows the times (ISO 8601, UTC); interrupted, if it failed by no fault of the
            script, so that resuming makes sense.
        Raises: NotFoundError if the platform does not know the run, UnreachableError if it cannot be asked now.

        Example: RunStatus(state="Running", started="2026-11-24T09:00:00Z")
        """

    def logs(self, run_id: str, offset: int = 0) -> bytes:
        """Return what the script wrote to stdout and stderr, from byte `offset` on.

        Called: while a run is followed, and to show its output; again and again, until it returns nothing.
        Returns: as much as there is now, or a part of it; b"" at the end. Of several attempts, one after the other.
        Raises: UnreachableError.
        """

    def files(self, run_id: str) -> Sequence[File]:
        """List what the run has kept: below "outputs/" and "logs/", and what it logged.

        Called: to show and download a run's files, at any time; to find its model once it has completed.
        Returns: paths with forward slashes; size in bytes and sha256 where they are known.
        Raises: UnreachableError.
        """

    def download(self, run_id: str, paths: Iterable[str], target: Path) -> None:
        """Copy some of the files that `files` listed to `target`, at the same paths below it.

        Called: by `dressage runs download`, and to register a model. Returns: once all are whole.
        Raises: NotFoundError for a path that is not there, UnreachableError.
        """

    def cancel(self, run_id: str) -> None:
        """Ask the script to stop (SIGTERM), then make it (SIGKILL); return once asked.

        Called: when a user cancels a run; harmless if the run has ended or was never submitted.
        Raises: UnreachableError.
        """


@runtime_checkable
class Waits(Protocol):
    """What `runs` may have: a way to wait that is better than asking again and again."""

    def wait(self, run_id: str, timeout_s: float) -> bool:
        """Block until the run has ended or the time is up.

        Called: while a run is followed, several times a second. Returns: whether it has ended.
        Raises: UnreachableError.
        """


@runtime_checkable
class Records(Protocol):
    """What `runs` may have, where scripts record to the platform's own server."""

    def records(self, run_id: str) -> Recorded:
        """Return what the last attempt has recorded so far.

        Called: to show a run that has not ended, and once after its end; then the run's journal keeps it.
        Raises: UnreachableError.
        """


@runtime_checkable
class Notes(Protocol):
    """What `runs` may have, to add to a plan."""

    def notes(self, request: RunRequest) -> Sequence[str]:
        """Return what a plan should say of the run, one line each.

        Called: once per plan.
        Raises: nothing; an exception becomes a PluginError.
        Must not block.
        """


class Datasets(Protocol):
    """Files by name and version, where runs can read them. Default: the workspace's store."""

    def plan(self, dataset: FileDataset) -> StagePlan:
        """Return what `ensure` would do. `key`: the content's digest, where it is known without reading it.

        Called: once per plan and dataset. Changes nothing. Raises: StageError, SettingsError, UnreachableError.
        """

    def ensure(self, dataset: FileDataset, progress: Progress) -> DatasetVersion:
        """Register the dataset's content, unless a version has it.

        Called: before a run is submitted, and by `dressage datasets register`. progress: bytes.
        Returns: the version, with its files. Raises: StageError, UnreachableError.
        """

    def list(self, name: str | None = None) -> Sequence[DatasetVersion]:
        """Return the versions that there are, of one name or of all; they need not know their files.

        Called: by listings, and with a name to find a registered dataset. Raises: UnreachableError.
        """

    def files(self, version: DatasetVersion) -> Sequence[File]:
        """Return the version's files.

        Called: to show a dataset, and before a run that reads a registered one. Raises: NotFoundError,
            UnreachableError.
        """

    def download(self, version: DatasetVersion, target: Path) -> None:
        """Copy the version's files below `target`, verified.

        Called: by `dressage datasets download`. Raises: StageError, UnreachableError.
        """


class Compute(Protocol):
    """Compute targets. Default: a name with a number of slots, kept in the workspace."""

    def resolve(self, target: ComputeTarget) -> ComputeTarget:
        """Return the target as this platform would have it, with size and accelerator filled in.

        Called: once per plan, before the recipe is asked for its environment. Asks nobody, changes nothing.
        Raises: SettingsError for what this platform does not have.
        """

    def plan(self, target: ComputeTarget) -> StagePlan:
        """Return what `ensure` would do. Called: once per plan. Changes nothing.

        Raises: StageError, also where a run needs more than a machine of the target has; UnreachableError.
        """

    def ensure(self, target: ComputeTarget, progress: Progress) -> ComputeHandle:
        """Get or create the target.

        Called: before a run is submitted.
        Returns: the target as it is now; its slots are how many runs it takes at a time.
        Raises: StageError, UnreachableError.
        """

    def list(self) -> Sequence[ComputeHandle]:
        """Return the targets there are. Called: by listings. Raises: UnreachableError."""

    def delete(self, name: str) -> None:
        """Delete a target. Called: by `dressage compute delete`. Raises: NotFoundError, UnreachableError."""


class Environments(Protocol):
    """What scripts run in. Default: environments that uv builds on this machine."""

    def plan(self, environment: Environment) -> StagePlan:
        """Return what `ensure` would do. `key`: where it is known without building. Changes nothing.

        Called: once per plan. Raises: StageError, SpecError, UnreachableError.
        """

    def ensure(
        self, environment: Environment, progress: Progress, *, upgrade: bool = False
    ) -> EnvironmentVersion:
        """Build the environment, unless it is there. upgrade: resolve it again, to the newest allowed versions.

        Called: before a run is submitted, and by `dressage environments build`.
        Returns: the environment that was built or found. The same content has the same key.
        Raises: StageError, SpecError, UnreachableError.
        """

    def list(self) -> Sequence[EnvironmentVersion]:
        """Return the environments that are built. Called: by listings. Raises: UnreachableError."""


class Models(Protocol):
    """A registry of models. Default: the workspace's, filled from the files that runs leave."""

    def find(self, training: Training) -> ModelVersion | None:
        """Return the version that was trained from the very same inputs (`training.key`), if there is one.

        Called: once per plan, when all inputs are known. Raises: UnreachableError.
        """

    def previous_inputs(self, name: str) -> Mapping[str, Any] | None:
        """Return `Training.inputs` of the last training of a model of this name, to say what changed since.

        Called: once per plan that trains. Raises: UnreachableError.
        """

    def ensure(self, submission: Submission, metrics: Mapping[str, float]) -> ModelVersion:
        """Register what the completed run left at its output path. The same content gives the version there is.

        Called: when a run with a model's name has completed; again after a crash. metrics: the last value of each.
        Returns: the new version, or the earlier one with the same content.
        Raises: StageError if the output path does not exist, UnreachableError.
        """

    def register(self, name: str, directory: Path) -> ModelVersion:
        """Register a folder by hand.

        Called: by `dressage models register`. Returns: the version; that of before for the same content.
        Raises: StageError for an empty folder, UnreachableError.
        """

    def list(self) -> Sequence[ModelVersion]:
        """Return every version, by name and number. Called: by listings. Raises: UnreachableError."""

    def download(self, version: ModelVersion, target: Path) -> None:
        """Copy the version's files below `target`, verified.

        Called: by `dressage models download`. Raises: StageError, UnreachableError.
        """


class Platform(Protocol):
    """What the `platform` hook returns. It may also have datasets, compute, environments and models."""

    @property
    def runs(self) -> Runs: ...


@runtime_checkable
class Initialises(Protocol):
    """What a platform may have, if it has its own configuration file."""

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
    """What a platform may have, if there is something to check before it is used."""

    def diagnose(self) -> Sequence[tuple[str, bool, str]]:
        """Return checks for `dressage doctor`: name, whether it holds, what was found.

        Called: once per `dressage doctor`.
        Returns: one entry per check; an empty list if the platform is not configured.
        Raises: nothing; a failed check is returned.
        """
