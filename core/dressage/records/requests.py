"""What a platform is given to start a run, and what of it the trained model is a function of."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from dressage.files.digests import digest_of
from dressage.files.encoding import to_json
from dressage.results.versions import ComputeHandle, DatasetVersion, EnvironmentVersion, Lineage, Snapshot
from dressage.specs.descriptions import Model


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
        """The inputs that `key` is a digest of. All other fields are in `NOT_INPUTS`, with a reason."""
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
"""Fields of a RunRequest that do not affect the trained model, and why."""
