"""The protocols that a platform implements.

`runs` is required. The others are optional capabilities: if a platform does not have one, the engine uses the
workspace's own store.

    runs            required: start runs, observe them, read their logs and files, cancel them
    datasets        register datasets where runs can read them
    compute         get or create compute targets
    environments    build the environments of scripts
    models          a registry of models

`plan(description)` returns what `ensure` would do and why; it changes nothing. `ensure(description)` does that and
returns the result; it can be repeated at any time, for example after a crash. Methods may raise:

    StageError          the stage cannot be carried out; one line with the thing, the value and the next step
    SettingsError       the request is wrong
    NotFoundError       nothing has that name
    UnreachableError    the platform cannot be reached now; the engine shows the last recorded state and warns

Any other exception becomes a PluginError with the platform's name. Methods must not write to a run's journal: the
engine records what they return.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from dressage.records.adoption import FoundRun
from dressage.records.requests import RunRequest, Submission, Training
from dressage.results.plans import StagePlan
from dressage.results.statuses import RunStatus, RunSummary, State
from dressage.results.tracking import Recorded
from dressage.results.versions import ComputeHandle, DatasetVersion, EnvironmentVersion, File, ModelVersion
from dressage.specs.compute import ComputeTarget
from dressage.specs.datasets import FileDataset
from dressage.specs.environments import Environment

Progress = Callable[[str, int, int | None], None]
"""Reports progress. Arguments: what is being worked on, how much is done, and the total (None if unknown).

If the text ends with a line break, it is a line of output, for example of an image build, and is shown unchanged.
"""


class Runs(Protocol):
    """Starts, observes and cancels runs. Every platform must have it. Runs are identified by the engine's run id."""

    def submit(self, submission: Submission) -> None:
        """Start one attempt of a run. Do nothing if the platform has this attempt already.

        Called: when datasets, compute and environment are ready; again after a crash, with the same run id and
            attempt; with the next attempt when a run that failed or was canceled is resumed.
        Returns: as soon as the platform has accepted the attempt; it may still be queued.
        Raises: StageError if the attempt cannot be started; UnreachableError if it is not known whether the platform
            has it. After that, the same attempt is submitted again when the run is resumed.
        """

    def observe(self, run_id: str) -> RunStatus:
        """Return the current status of the attempt that was submitted last.

        Called: while a run is followed, with pauses that grow; by listings, once for each run that has not ended.
        Returns: the state: Queued, Preparing, Running, Finalizing (the script has ended, its files are being kept),
            then Completed, Failed or Canceled; any may be left out but the last. After the end, the exit code, and a
            reason in one line if the run failed. `started` and `ended`, if the platform knows the times (ISO 8601,
            UTC); `place`, if it is queued; `interrupted`, if the run failed for a reason other than its script, so
            that resuming it makes sense; `attempt`, so that the status of an earlier attempt is not taken for that of
            one whose submission was interrupted.
        Raises: NotFoundError if the platform does not know the run, UnreachableError.

        Example: RunStatus(state="Running", started="2026-11-24T09:00:00Z")
        """

    def logs(self, run_id: str, offset: int = 0) -> bytes:
        """Return what the script wrote to stdout and stderr, from byte `offset` on.

        Called: while a run is followed, and to show its output; repeatedly, until it returns b"".
        Returns: all bytes that are available, or the first part of them; b"" if there are none. The log of a later
            attempt follows that of the earlier one.
        Raises: UnreachableError.
        """

    def files(self, run_id: str) -> Sequence[File]:
        """Return the run's files: those below "outputs/" and "logs/", and logged artifacts.

        A platform that keeps other files that the script created or changed in its working directory lists them below
        "work/". One that does not says so in the notes of the plan.

        Called: at any time, to show and download a run's files; after the run has completed, to find its model.
        Returns: paths with forward slashes, with size in bytes and SHA-256 if they are known.
        Raises: UnreachableError.
        """

    def download(self, run_id: str, paths: Iterable[str], target: Path) -> None:
        """Copy some of the files that `files` returned to the same paths below `target`.

        Called: by `dressage runs download`, and to register a model. `target` is not the user's folder: the engine
            moves the files there when all are complete. It may have what an interrupted call left.
        Returns: when all files are complete.
        Raises: NotFoundError for a path that does not exist, UnreachableError.
        """

    def cancel(self, run_id: str) -> None:
        """Stop the script: SIGTERM, then SIGKILL. Return without waiting for the end.

        Called: when a user cancels a run; also if the run has ended or was never submitted; then do nothing.
        Raises: UnreachableError.
        """


@runtime_checkable
class Waits(Protocol):
    """Optional methods of `runs`: wait for the end of a run. Without it, the engine polls."""

    def wait(self, run_id: str, timeout_s: float) -> bool:
        """Block until the run has ended, at most `timeout_s` seconds.

        Called: while a run is followed, several times a second. Returns: whether the run has ended.
        Raises: UnreachableError.
        """


@runtime_checkable
class Records(Protocol):
    """Optional methods of `runs`, if scripts record metrics on the platform's own server."""

    def records(self, run_id: str) -> Recorded:
        """Return what the script of the last attempt has recorded so far.

        Called: to show a run that has not ended, and once after its end; the engine writes that to the journal.
        Returns: metrics, parameters and tags.
        Raises: UnreachableError.
        """


@runtime_checkable
class Notes(Protocol):
    """Optional methods of `runs`: notes in a plan."""

    def notes(self, request: RunRequest) -> Sequence[str]:
        """Return notes for the user about the planned run, one line each.

        Called: once per plan. Returns: the lines; an empty sequence for none.
        Raises: nothing; an exception becomes a PluginError.
        Must not block.
        """


@runtime_checkable
class Leftovers(Protocol):
    """Optional methods of `runs`, if a script can be left running when its run has ended."""

    def leftovers(self) -> Sequence[str]:
        """Return the ids of runs that have ended, or have lost their supervisor, and whose script is still running.

        Called: by listings that contain interrupted runs, and before a run is canceled that has ended; `cancel` then
            ends the script.
        Raises: UnreachableError.
        Must not block.
        """


@runtime_checkable
class History(Protocol):
    """Optional methods of `runs`, if the platform keeps runs that were started elsewhere: on other machines, or by
    other programs. The engine makes records of them, and then they are runs as any other.
    """

    def list_runs(
        self,
        limit: int | None = None,
        *,
        experiment: str | None = None,
        state: State | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Sequence[RunSummary]:
        """Return the runs that the platform has, newest first, no matter who started them.

        Called: by `dressage runs list --on`. limit: how many; None for all. experiment, state, tags: only runs with
            this experiment, in this state, with all of these tags.
        Returns: at most `limit` runs; their `run_id` is what `describe` takes.
        Raises: UnreachableError.
        """

    def find(self, training: Training) -> RunSummary | None:
        """Return the newest run that trains from the same inputs (`training.key`), or None.

        Called: once per plan that would train a model with a name, if all inputs are known. Runs that failed or were
            canceled do not count; the experiment may be that of the request only.
        Returns: the run, with the id that the engine gave it. Raises: UnreachableError.
        """

    def describe(self, run_id: str) -> FoundRun:
        """Return what the record of a run is made from.

        Called: with an id of the platform, or with one that the engine of another workspace gave a run, if the
            workspace has no record of it. After that, the platform's other methods are called with
            `FoundRun.request.run_id`.
        Raises: NotFoundError if the platform has no such run, UnreachableError.
        Must not change anything.
        """


class Datasets(Protocol):
    """Datasets by name and version, where runs can read them. Default: the workspace's store."""

    def plan(self, dataset: FileDataset) -> StagePlan:
        """Return what `ensure` would do. Changes nothing.

        Called: once per plan and dataset.
        Returns: a plan; its `key` is the content's digest, if it is known without reading the content.
        Raises: StageError, SettingsError, UnreachableError.
        """

    def ensure(self, dataset: FileDataset, progress: Progress) -> DatasetVersion:
        """Register the dataset's content as a new version, unless a version with this content exists.

        Called: before a run is submitted, and by `dressage datasets register`. progress: in bytes.
        Returns: the new or existing version, with its files. Raises: StageError, UnreachableError.
        """

    def list(self, name: str | None = None) -> Sequence[DatasetVersion]:
        """Return the versions of one dataset, or of all; their files may be left out.

        Called: by listings, and with a name to find a registered dataset. Raises: UnreachableError.
        """

    def files(self, version: DatasetVersion) -> Sequence[File]:
        """Return the version's files.

        Called: to show a dataset, and before a run that reads a registered dataset.
        Raises: NotFoundError, UnreachableError.
        """

    def download(self, version: DatasetVersion, target: Path) -> None:
        """Copy the version's files to the folder `target`, and verify them.

        Called: by `dressage datasets download`, with a folder as `Runs.download`. Raises: StageError,
            UnreachableError.
        """


class Compute(Protocol):
    """Compute targets. Default: names with a number of slots, stored in the workspace."""

    def resolve(self, target: ComputeTarget) -> ComputeTarget:
        """Return the target with the values that the platform chooses, such as size and accelerator.

        Called: once per plan, before the recipe's `environment` hook. Must not contact anything or change anything.
        Raises: SettingsError if the platform does not offer what the target asks for.
        """

    def plan(self, target: ComputeTarget) -> StagePlan:
        """Return what `ensure` would do. Changes nothing.

        Called: once per plan.
        Raises: StageError, also if a run needs more than a machine of the target has; UnreachableError.
        """

    def ensure(self, target: ComputeTarget, progress: Progress) -> ComputeHandle:
        """Get or create the target.

        Called: before a run is submitted.
        Returns: the target; its slots are the number of runs that it executes at a time, whatever the request has.
        Raises: StageError, UnreachableError.
        """

    def list(self) -> Sequence[ComputeHandle]:
        """Return all targets. Called: by listings. Raises: UnreachableError."""

    def delete(self, name: str) -> None:
        """Delete a target. Called: by `dressage compute delete`. Raises: NotFoundError, UnreachableError."""


class Environments(Protocol):
    """Environments of scripts. Default: uv builds them on this machine."""

    def plan(self, environment: Environment) -> StagePlan:
        """Return what `ensure` would do. Changes nothing.

        Called: once per plan. Returns: a plan; its `key` is the environment's key, if it is known without building.
        Raises: StageError, SpecError, UnreachableError.
        """

    def ensure(
        self, environment: Environment, progress: Progress, *, upgrade: bool = False
    ) -> EnvironmentVersion:
        """Build the environment, unless it is built already.

        Called: before a run is submitted, and by `dressage environments build`. upgrade: resolve the requirements
            again, to the newest allowed versions.
        Returns: the new or existing environment. The same content has the same key.
        Raises: StageError, SpecError, UnreachableError.
        """

    def list(self) -> Sequence[EnvironmentVersion]:
        """Return the built environments. Their keys may be shortened.

        Called: by listings. Raises: UnreachableError.
        """


class Models(Protocol):
    """A registry of models. Default: the workspace's; it copies the files that runs write."""

    def find(self, training: Training) -> ModelVersion | None:
        """Return the version that was trained from the same inputs (`training.key`), or None.

        Called: once per plan, if all inputs are known. Raises: UnreachableError.
        """

    def previous_inputs(self, name: str) -> Mapping[str, Any] | None:
        """Return `Training.inputs` of the last training of this model, or None.

        Called: once per plan that trains, to show what changed since then. Raises: UnreachableError.
        """

    def ensure(self, submission: Submission, metrics: Mapping[str, float]) -> ModelVersion:
        """Register the files below the completed run's output path as a new version of the model.

        Called: when a run whose model has a name has completed; again after a crash. metrics: their last values.
        Returns: the new version, or the existing one if it has the same content.
        Raises: StageError if the output path does not exist, UnreachableError.
        """

    def register(self, name: str, directory: Path) -> ModelVersion:
        """Register the files of a folder as a new version of the model.

        Called: by `dressage models register`.
        Returns: the new version, or the existing one if it has the same content.
        Raises: StageError for an empty folder, UnreachableError.
        """

    def list(self) -> Sequence[ModelVersion]:
        """Return all versions, sorted by name and number. Called: by listings. Raises: UnreachableError."""

    def download(self, version: ModelVersion, target: Path) -> None:
        """Copy the version's files to the folder `target`, and verify them.

        Called: by `dressage models download`, with a folder as `Runs.download`. Raises: StageError, UnreachableError.
        """


class Platform(Protocol):
    """What the `platform` hook returns. It may also have `datasets`, `compute`, `environments` and `models`."""

    @property
    def runs(self) -> Runs: ...


@runtime_checkable
class Initialises(Protocol):
    """An optional method of a platform that has its own configuration file."""

    def initialise(self, values: Mapping[str, str]) -> Path:
        """Write the platform's configuration file and return its path.

        Called: by `dressage init --on NAME KEY=VALUE ...`. values: the given values by key, with '_' for '-' in
            keys. Each key is an option that the platform declares, and its value has been checked.
        Returns: the path of the new file, or of an existing file with the same values.
        Raises: SettingsError, in one line, if keys are missing (with their names), if a key does not belong in the
            file, or if an existing file has other values; StageError if the service that the values name does not
            answer. The user sees both messages unchanged.
        Must not write anything before that service has answered, and must not change an existing file.

        Example: initialise({"cluster": "lab-1", "queue": "short"}) == Path("/home/ada/lab.json")
        """


@runtime_checkable
class Diagnoses(Protocol):
    """An optional method of a platform that can check its own configuration."""

    def diagnose(self) -> Sequence[tuple[str, bool, str]]:
        """Return the results of the platform's checks, for `dressage doctor`.

        Called: once per `dressage doctor`.
        Returns: name, success and details of each check; an empty list if the platform is not configured.
        Raises: nothing; a failed check is a result.
        """
