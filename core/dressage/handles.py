"""Handles: what a platform answers with once something is there.

Plain values that survive a journal, by `dressage.encoding`.
Digests are lower-case hexadecimal SHA-256; times are ISO 8601 in UTC; sizes are bytes.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from msgspec import Struct

from dressage.content import digest_of
from dressage.encoding import to_json
from dressage.specs import Accelerator, Model

State = Literal["Queued", "Preparing", "Running", "Finalizing", "Completed", "Failed", "Canceled"]
STATES: tuple[State, ...] = get_args(State)
ENDED: frozenset[State] = frozenset({"Completed", "Failed", "Canceled"})


class File(Struct, frozen=True, kw_only=True):
    """One file: its path inside the folder it belongs to (forward slashes), its bytes' digest and size.

    sha256 is None where nobody has read the bytes, as for the outputs of a run that is still going; size is None
    where a platform lists names alone.
    """

    path: str
    size: int | None
    sha256: str | None = None


class DatasetVersion(Struct, frozen=True, kw_only=True):
    name: str
    version: int
    digest: str
    files: tuple[File, ...]
    created: str
    description: str = ""
    tags: Mapping[str, str] = {}

    @property
    def size(self) -> int:
        return sum(file.size or 0 for file in self.files)


class ComputeHandle(Struct, frozen=True, kw_only=True):
    """A compute target that is ready to take runs. slots: how many at a time."""

    name: str
    slots: int
    accelerator: Accelerator
    size: str | None = None


class EnvironmentVersion(Struct, frozen=True, kw_only=True):
    """An environment that can be used now. key: the digest of what it resolved to."""

    name: str
    key: str
    created: str
    variables: Mapping[str, str] = {}


class Lineage(Struct, frozen=True, kw_only=True):
    """Where a model came from; each part names something that can still be looked up."""

    run_id: str
    dataset: str | None
    environment: str
    snapshot: str
    arguments: tuple[str, ...] = ()


class ModelVersion(Struct, frozen=True, kw_only=True):
    """A version in the registry of models.

    source: what a script registered, where it was a script that did. A version of an address alone has no files.
    aliases, description, tags: what people and scripts say of it; these may change.
    """

    name: str
    version: int
    digest: str
    files: tuple[File, ...]
    created: str
    lineage: Lineage | None = None
    framework: str | None = None
    metrics: Mapping[str, float] = {}
    tags: Mapping[str, str] = {}
    source: str | None = None
    aliases: tuple[str, ...] = ()
    description: str | None = None

    @property
    def size(self) -> int:
        return sum(file.size or 0 for file in self.files)


class Snapshot(Struct, frozen=True, kw_only=True):
    """The files of a source directory that a run gets a copy of."""

    directory: Path
    files: tuple[File, ...]

    @property
    def digest(self) -> str:
        return digest_of_files(self.files)


class Training(Struct, frozen=True, kw_only=True):
    """Everything that a trained model is a function of, as far as it is known.

    dataset: the dataset version's digest; environment: the environment's key. None while unknown,
    or where there is none to know. variables: the environment variables that the recipe gives the script.
    """

    model: Model
    snapshot: Snapshot
    dataset: str | None = None
    environment: str | None = None
    variables: Mapping[str, str] = {}

    @property
    def inputs(self) -> dict[str, Any]:
        """What `key` is the digest of. What of a request is not in it is in `NOT_INPUTS`, with the reason."""
        inputs = {
            "dataset": self.dataset,
            "environment": self.environment,
            "snapshot": self.snapshot.digest,
            "script": self.model.script,
            "arguments": to_json(self.model.arguments),
            "output_path": self.model.output_path,
        }
        return {**inputs, "variables": dict(self.variables)} if self.variables else inputs

    @property
    def key(self) -> str:
        return digest_of(self.inputs)


class RunRequest(Struct, frozen=True, kw_only=True):
    """What a platform needs to start a run. run_id is the engine's, so that a repeat is harmless.

    attempt: 1 at first; a resumed run counts on.
    """

    run_id: str
    recipe: str
    experiment: str
    training: Training
    compute: ComputeHandle
    environment: EnvironmentVersion
    dataset: DatasetVersion | None = None
    name: str | None = None
    attempt: int = 1
    tags: Mapping[str, str] = {}

    @property
    def lineage(self) -> Lineage:
        """Of the model that the run leaves."""
        return Lineage(
            run_id=self.run_id,
            dataset=f"{self.dataset.name}:{self.dataset.version}" if self.dataset else None,
            environment=f"{self.environment.name}:{self.environment.key}",
            snapshot=self.training.snapshot.digest,
            arguments=tuple(map(str, self.training.model.arguments)),
        )


NOT_INPUTS: Mapping[str, str] = {
    "run_id": "names the run",
    "name": "names the run",
    "experiment": "groups runs",
    "tags": "describe the run",
    "attempt": "counts how often the run was continued",
    "recipe": "its answers are inputs; the same answers from another recipe give the same model",
    "compute": "where the run executes: two machines may differ no more than two runs on one may",
    "dataset": "its digest is training.dataset",
    "environment": "its key and variables are training.environment and training.variables",
    "training.model.directory": "its content is training.snapshot",
    "training.model.name": "a plan looks for a version of this name",
    "training.model.framework": "describes the model",
    "training.model.metric": "describes the model",
    "training.model.tags": "describe the model",
    "training.model.checkpoint_path": "where a run that is continued finds what it had",
    "training.snapshot.directory": "the copy is called after its content",
}
"""Fields of a RunRequest that a trained model is no function of, and why."""


class RunStatus(Struct, frozen=True, kw_only=True):
    """How a run stands.

    exit_code: the script's own. reason: why the run failed, in one line.
    started, ended: when it entered Running and its last state.
    interrupted: it failed, but not by the script's doing (a killed supervisor, a reclaimed node): resuming
    continues it.
    """

    state: State
    exit_code: int | None = None
    reason: str | None = None
    started: str | None = None
    ended: str | None = None
    interrupted: bool = False

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED


class RunSummary(Struct, frozen=True, kw_only=True):
    """One line of a listing.

    model: what it registered, "name:version". metrics: the last value of each. metric: the one that sums it up.
    """

    run_id: str
    recipe: str
    platform: str
    experiment: str
    status: RunStatus
    created: str | None = None
    name: str | None = None
    model: str | None = None
    metrics: Mapping[str, float] = {}
    metric: str | None = None


def digest_of_files(files: Iterable[File]) -> str:
    """The name of a folder's content: the digest of its paths and their bytes' digests, in any order."""
    return digest_of({file.path: file.sha256 for file in files})
