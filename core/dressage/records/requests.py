"""Requests: what a run should do, and what its platform gets to start it. Each refers to the one before.

RunRequest    what the user asked for; created by the engine, kept in the run's journal
Training      a request and the digests of its inputs, as far as they are known: everything that determines the model
Submission    a request with its datasets, compute target and environment ready: one attempt that can start
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from dressage.errors import SpecError
from dressage.files.digests import digest_of
from dressage.files.encoding import to_json
from dressage.results.versions import (
    ComputeHandle,
    DatasetVersion,
    EnvironmentVersion,
    Lineage,
    Snapshot,
    digest_of_files,
)
from dressage.specs.compute import ComputeTarget
from dressage.specs.datasets import Dataset, DatasetFolder, FileDataset, RegisteredDataset
from dressage.specs.environments import Environment, SourceFolder
from dressage.specs.models import Model, Script
from dressage.specs.names import is_below


class RunRequest(Struct, frozen=True, kw_only=True):
    """What the user asked for.

    run_id: "" in a plan. settings: the recipe's settings, resolved. tags: the run's tags.
    file_datasets, registered_datasets: the inputs by name. snapshot: in a created run, it points at the copy in the
    workspace instead of the user's folder.
    priority: runs with a higher one leave the queue first. retries: how many further attempts start by themselves if
    the run is interrupted. Both are ignored by platforms that do not support them; the plan says so.
    """

    recipe: str
    platform: str
    experiment: str
    settings: Mapping[str, Any]
    compute: ComputeTarget
    environment: Environment
    model: Model
    snapshot: Snapshot
    file_datasets: Mapping[str, FileDataset] = {}
    registered_datasets: Mapping[str, RegisteredDataset] = {}
    run_id: str = ""
    name: str | None = None
    tags: Mapping[str, str] = {}
    priority: int = 0
    retries: int = 0

    @property
    def script(self) -> Script:
        return self.model.script

    @property
    def environment_with_source(self) -> Environment:
        """The environment, with the snapshot if projects in it are built."""
        builds = tuple(name.partition("[")[0] for name in self.environment.builds)
        if not builds:
            return self.environment
        files = [
            file for file in self.snapshot.files if any(is_below(file.path, folder) for folder in builds)
        ]
        source = SourceFolder(path=self.snapshot.directory, digest=digest_of_files(files))
        return dataclasses.replace(self.environment, source=source)

    @property
    def datasets(self) -> dict[str, Dataset]:
        """The inputs, sorted by name."""
        datasets: dict[str, Dataset] = {**self.file_datasets, **self.registered_datasets}
        return dict(sorted(datasets.items()))

    @property
    def key(self) -> str:
        """A digest that is equal for equal requests, at any time and in any folder."""
        parts = to_json(self)
        for name in ("run_id", "name", "experiment", "snapshot", "priority", "retries"):
            del parts[name]
        script = parts["model"]["script"]
        script["directory"] = None
        # The snapshot has what the first three add and leave out.
        for name in ("include", "only", "secret_files", "name"):
            del script[name]
        for dataset in parts["file_datasets"].values():
            del dataset["left_out"]
        environment = parts["environment"]
        del environment["origin"]
        for name in (
            "constraints",
            "project",
            "interpreter",
            "builds",
            "source",
        ):  # as before these fields existed
            if not environment[name]:
                del environment[name]
        return digest_of({**parts, "snapshot": self.snapshot.digest})


class Training(Struct, frozen=True, kw_only=True):
    """Everything that determines a trained model, as far as it is known.

    datasets: the digest of each input. environment: the environment's key. None: not known yet.
    """

    request: RunRequest
    datasets: Mapping[str, str | None] = {}
    environment: str | None = None

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs from which `key` is computed. All other fields are in `NOT_INPUTS`, with a reason."""
        request, script = self.request, self.request.script
        inputs: dict[str, Any] = {
            "dataset": self._dataset,
            "environment": self.environment,
            "snapshot": request.snapshot.digest,
            "script": script.entry_point,
            "arguments": _plain(script.arguments),
            "output_path": request.model.output_path,
        }
        if variables := request.environment.variables:
            inputs["variables"] = dict(variables)
        if script.distribution.processes > 1:
            inputs["distribution"] = to_json(script.distribution)
        return inputs

    @property
    def key(self) -> str:
        return digest_of(self.inputs)

    @property
    def _dataset(self) -> str | dict[str, str | None] | None:
        """The digest alone if there is one input, because its name in the recipe does not affect the model."""
        if len(self.datasets) > 1:
            return dict(self.datasets)
        return next(iter(self.datasets.values()), None)


class Submission(Struct, frozen=True, kw_only=True):
    """One attempt of a run with everything that it needs: what a platform gets to start it.

    attempt: counted from 1; each resume adds one.
    """

    request: RunRequest
    compute: ComputeHandle
    environment: EnvironmentVersion
    datasets: Mapping[str, DatasetVersion] = {}
    attempt: int = 1

    @property
    def run_id(self) -> str:
        """The id that the engine gave the run, so that a repeated submission has no effect."""
        return self.request.run_id

    @property
    def training(self) -> Training:
        digests = {name: version.key for name, version in self.datasets.items()}
        return Training(request=self.request, datasets=digests, environment=self.environment.key)

    @property
    def lineage(self) -> Lineage:
        """The lineage of the model that the run produces."""
        datasets = [f"{version.name}:{version.version}" for version in self.datasets.values()]
        return Lineage(
            run_id=self.run_id,
            dataset=", ".join(datasets) or None,
            environment=f"{self.environment.name}:{self.environment.key}",
            snapshot=self.request.snapshot.digest,
            arguments=tuple(map(str, self.request.script.arguments)),
        )


def input_of(argument: DatasetFolder, inputs: Iterable[str]) -> str:
    """Return the name of the input that an argument refers to: the named one, or the only one. Raises SpecError."""
    names = list(inputs)
    if argument.name is None and len(names) == 1:
        return names[0]
    if argument.name is not None and argument.name in names:
        return argument.name
    what = f"input {argument.name!r}" if argument.name else "a dataset's folder"
    known = ", ".join(names) or "none"
    raise SpecError(
        f"the script's arguments refer to {what}, but the inputs are: {known}; use one of these names"
    )


def _plain(arguments: Any) -> list[Any]:
    """Convert arguments to JSON. A folder without a name has no `name` key, so that keys of older runs stay valid."""
    plain = to_json(arguments)
    return [
        {key: value for key, value in argument.items() if value is not None}
        if isinstance(argument, dict)
        else argument
        for argument in plain
    ]


_DESCRIPTION = (
    *("conda", "requirements", "constraints", "project", "builds", "source"),
    *("interpreter", "indexes", "find_links"),
)

NOT_INPUTS: Mapping[str, str] = {
    "attempt": "counts how often the run was resumed",
    "compute": "where the run executes: models from two machines differ no more than models from two runs on one",
    "request.run_id": "names the run",
    "request.name": "names the run",
    "request.experiment": "groups runs",
    "request.tags": "describe the run",
    "request.priority": "when the run leaves the queue",
    "request.retries": "how often an interrupted run is continued",
    "request.recipe": "its answers are inputs; the same answers from another recipe give the same model",
    "request.platform": "where the run executes",
    "request.settings": "the recipe's answers follow from them",
    "request.compute": "where the run executes",
    "request.environment.name": "names the environment",
    **dict.fromkeys(
        (f"request.environment.{name}" for name in _DESCRIPTION),
        "what it resolves to is training.environment",
    ),
    "request.environment.origin": "says where the description was found",
    "request.environment.secrets": "the record does not contain their values",
    "request.environment.base_image": "part of training.environment where images are built",
    "request.file_datasets": "their digests are training.datasets",
    "request.registered_datasets": "their digests are training.datasets",
    "request.model.script.directory": "its content is the snapshot",
    "request.model.script.include": "what it adds is in the snapshot",
    "request.model.script.only": "what it leads to is in the snapshot",
    "request.model.script.secret_files": "what they leave out is not in the snapshot",
    "request.model.script.name": "names the script for people",
    "request.model.script.checkpoint_path": "where a resumed run finds its checkpoints",
    "request.model.name": "a plan looks for a version of this name",
    "request.model.framework": "describes the model",
    "request.model.primary_metric": "describes the model",
    "request.model.tags": "describe the model",
    "request.snapshot.directory": "the copy is named after its content",
}
"""Fields of a Submission that do not affect the trained model, and why."""
