"""The key of a training holds all that the trained model is a function of, or says why it does not."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.recipes import Tiny

from dressage import (
    ComputeTarget,
    Distribution,
    Engine,
    Environment,
    Model,
    PrimaryMetric,
    Project,
    RegisteredDataset,
    Script,
)
from dressage.records.requests import NOT_INPUTS, RunRequest, Submission
from dressage.results.versions import ComputeHandle, DatasetVersion, EnvironmentVersion, File, Snapshot
from dressage.specs.environments import SourceFolder

SUBMISSION = Submission(
    request=RunRequest(
        recipe="a",
        platform="a",
        experiment="a",
        settings={},
        compute=ComputeTarget(name="a"),
        environment=Environment(name="a", requirements="a", variables={"A": "a"}),
        model=Model(script=Script(directory=Path("/a"), file="a.py")),
        snapshot=Snapshot(directory=Path("/a"), files=(File(path="a.py", size=1, sha256="a"),)),
    ),
    compute=ComputeHandle(name="a", slots=1, accelerator="cpu"),
    environment=EnvironmentVersion(name="a", key="a", created="a"),
    datasets={"a": DatasetVersion(name="a", version=1, digest="a", files=(), created="a")},
)
OTHERS: dict[str, Any] = {
    "request.settings": {"b": "b"},
    "request.compute": ComputeTarget(name="b"),
    "request.priority": 1,
    "request.retries": 1,
    "request.environment.variables": {"A": "b"},
    "request.environment.constraints": "b",
    "request.environment.project": {"requirements": None, "project": Project(files={".": "b"})},
    "request.environment.interpreter": Path("/b"),
    "request.environment.builds": ("b",),
    "request.environment.source": SourceFolder(path=Path("/b"), digest="b"),
    "request.environment.origin": ("b",),
    "request.environment.indexes": ("b",),
    "request.environment.find_links": ("b",),
    "request.environment.secrets": ("b",),
    "request.model.script.directory": Path("/b"),
    "request.model.script.file": "b.py",
    "request.model.script.module": {"file": None, "module": "b"},
    "request.model.script.command": {"file": None, "command": "b"},
    "request.model.script.arguments": ("b",),
    "request.model.script.distribution": Distribution(nodes=2),
    "request.model.primary_metric": PrimaryMetric(name="b", goal="minimize"),
    "request.model.tags": {"b": "b"},
    "request.snapshot.directory": Path("/b"),
    "request.snapshot.files": (File(path="a.py", size=1, sha256="b"),),
    "request.file_datasets": {},
    "request.registered_datasets": {"b": RegisteredDataset(name="b")},
    "request.tags": {"b": "b"},
    "datasets": {},
    "compute": ComputeHandle(name="b", slots=1, accelerator="gpu"),
    "environment": EnvironmentVersion(name="b", key="b", created="b"),
    "attempt": 2,
}
"""Another value for each field that does not take a text."""


WHOLE = (
    "request",
    "request.environment",
    "request.model",
    "request.model.script",
    "request.snapshot",
)


def names(value: Any) -> list[str]:
    return [field.name for field in fields(value)] if is_dataclass(value) else list(value.__struct_fields__)


def paths(value: Any = SUBMISSION, prefix: str = "") -> Iterator[str]:
    """The fields of a submission, and those of its request one by one."""
    for name in names(value):
        path = f"{prefix}{name}"
        if path in WHOLE:
            yield from paths(getattr(value, name), f"{path}.")
        else:
            yield path


def change(value: Any, path: str, other: Any) -> Any:
    name, _, rest = path.partition(".")
    new = change(getattr(value, name), rest, other) if rest else other
    fields = new if name in ("module", "command", "project") else {name: new}  # in place of the file
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.replace(value, **{name: new})
    return replace(value, **fields)


@pytest.mark.parametrize("path", sorted(paths()))
def test_each_field_of_a_request_is_an_input_or_has_a_reason_not_to_be(path: str):
    other = change(SUBMISSION, path, OTHERS.get(path, "b"))
    is_input = other.training.key != SUBMISSION.training.key
    assert is_input != (path in NOT_INPUTS), "put it into Training.inputs, or into NOT_INPUTS with the reason"


def test_each_reason_is_of_a_field_that_there_is():
    assert set(NOT_INPUTS) <= set(paths())


def test_a_changed_variable_trains_again_and_the_plan_says_which(engine: Engine, tiny: Tiny):
    tiny.variables = {"SEED": "1"}
    engine.run("tiny").wait()
    tiny.variables = {"SEED": "2"}
    stage = engine.plan("tiny").stage("model")
    assert stage.action == "train"
    assert "variable SEED: 1 -> 2" in stage.reasons


def test_the_same_variables_find_the_run_that_had_them(engine: Engine, tiny: Tiny):
    tiny.variables = {"SEED": "1"}
    run = engine.run("tiny")
    run.wait()
    assert engine.plan("tiny").stage("model").run_id == run.id


def test_an_index_of_another_version_is_made_again(engine: Engine, tiny: Tiny):
    """What it held was folded by other rules."""
    run = engine.run("tiny")
    run.wait()
    assert engine.plan("tiny").stage("model").run_id == run.id
    with closing(sqlite3.connect(engine.workspace.root / "index.sqlite")) as index, index:
        index.execute("UPDATE run SET training = 'of before'")
        index.execute("PRAGMA user_version = 1")
    assert engine.plan("tiny").stage("model").run_id == run.id


def test_described_variables_are_the_environments(engine: Engine, tiny: Tiny):
    tiny.variables = {"SEED": "1"}
    assert engine.describe("tiny").environment == Environment(name="tiny-env", variables={"SEED": "1"})
