"""The key of a training holds all that the trained model is a function of, or says why it does not."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.recipes import Tiny

from dressage import Environment, Model
from dressage.records.requests import NOT_INPUTS, RunRequest, Training
from dressage.results.versions import ComputeHandle, DatasetVersion, EnvironmentVersion, File, Snapshot

REQUEST = RunRequest(
    run_id="a",
    recipe="a",
    experiment="a",
    training=Training(
        model=Model(directory=Path("/a"), script="a.py"),
        snapshot=Snapshot(directory=Path("/a"), files=(File(path="a.py", size=1, sha256="a"),)),
        dataset="a",
        environment="a",
        variables={"A": "a"},
    ),
    compute=ComputeHandle(name="a", slots=1, accelerator="cpu"),
    environment=EnvironmentVersion(name="a", key="a", created="a"),
    dataset=DatasetVersion(name="a", version=1, digest="a", files=(), created="a"),
)
OTHERS: dict[str, Any] = {
    "training.model.directory": Path("/b"),
    "training.model.script": "b.py",
    "training.model.arguments": ("b",),
    "training.model.tags": {"b": "b"},
    "training.snapshot.directory": Path("/b"),
    "training.snapshot.files": (File(path="a.py", size=1, sha256="b"),),
    "training.variables": {"A": "b"},
    "dataset": None,
    "compute": ComputeHandle(name="b", slots=1, accelerator="gpu"),
    "environment": EnvironmentVersion(name="b", key="b", created="b"),
    "attempt": 2,
    "tags": {"b": "b"},
}
"""Another value for each field that does not take a text."""


def names(value: Any) -> list[str]:
    return [field.name for field in fields(value)] if is_dataclass(value) else list(value.__struct_fields__)


def paths(value: Any = REQUEST, prefix: str = "") -> Iterator[str]:
    """The fields of a request, and those of its training one by one."""
    for name in names(value):
        path = f"{prefix}{name}"
        if path in ("training", "training.model", "training.snapshot"):
            yield from paths(getattr(value, name), f"{path}.")
        else:
            yield path


def changed(value: Any, path: str, other: Any) -> Any:
    name, _, rest = path.partition(".")
    new = changed(getattr(value, name), rest, other) if rest else other
    return (
        replace(value, **{name: new})
        if is_dataclass(value)
        else msgspec.structs.replace(value, **{name: new})
    )


@pytest.mark.parametrize("path", sorted(paths()))
def test_each_field_of_a_request_is_an_input_or_has_a_reason_not_to_be(path: str):
    other = changed(REQUEST, path, OTHERS.get(path, "b"))
    is_input = other.training.key != REQUEST.training.key
    assert is_input != (path in NOT_INPUTS), "put it into Training.inputs, or into NOT_INPUTS with the reason"


def test_each_reason_is_of_a_field_that_there_is():
    assert set(NOT_INPUTS) <= set(paths())


def test_a_changed_variable_trains_again_and_the_plan_says_which(engine, tiny: Tiny):
    tiny.variables = {"SEED": "1"}
    engine.run("tiny").wait()
    tiny.variables = {"SEED": "2"}
    stage = engine.plan("tiny").stage("model")
    assert stage.action == "train"
    assert "variable SEED: 1 -> 2" in stage.reasons


def test_the_same_variables_find_the_run_that_had_them(engine, tiny: Tiny):
    tiny.variables = {"SEED": "1"}
    run = engine.run("tiny")
    run.wait()
    assert engine.plan("tiny").stage("model").run_id == run.id


def test_a_run_of_before_variables_were_inputs_is_found_by_them(engine, tiny: Tiny):
    """Its journal has them in the environment alone."""
    tiny.variables = {"SEED": "1"}
    run = engine.run("tiny")
    run.wait()
    journal = run.folder / "journal.jsonl"
    events = [json.loads(line) for line in journal.read_text().splitlines()]
    for event in events:
        if event["event"] == "run.submitting":
            assert event["request"]["training"].pop("variables")
    journal.write_text("".join(json.dumps(event) + "\n" for event in events))
    assert engine.plan("tiny").stage("model").run_id == run.id


def test_an_index_of_another_version_is_made_again(engine, tiny: Tiny):
    """What it held was folded by other rules."""
    run = engine.run("tiny")
    run.wait()
    assert engine.plan("tiny").stage("model").run_id == run.id
    with closing(sqlite3.connect(engine.workspace.root / "index.sqlite")) as index, index:
        index.execute("UPDATE run SET training = 'of before'")
        index.execute("PRAGMA user_version = 1")
    assert engine.plan("tiny").stage("model").run_id == run.id


def test_described_variables_are_the_environments(engine, tiny: Tiny):
    tiny.variables = {"SEED": "1"}
    assert engine.describe("tiny").environment == Environment(name="tiny-env", variables={"SEED": "1"})
