"""What a script reads: registered datasets, and several inputs by name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest

from dressage import (
    DatasetFolder,
    Engine,
    FileDataset,
    Model,
    NotFoundError,
    RegisteredDataset,
    Script,
    Source,
    SpecError,
    hookimpl,
)
from dressage.specs.datasets import Dataset

SCRIPT = (
    "import pathlib, sys\nfor folder in sys.argv[1:]:\n    print(pathlib.Path(folder, 'a.csv').read_text())\n"
)


class Reads:
    """A recipe that prints its inputs."""

    def __init__(self, folder: Path, datasets: Dataset | Mapping[str, Dataset], *names: str | None) -> None:
        (folder / "train.py").write_text(SCRIPT)
        self.folder, self.datasets = folder, datasets
        self.arguments = tuple(DatasetFolder(name=name) for name in names)

    @hookimpl
    def dataset(self) -> Dataset | Mapping[str, Dataset]:
        return self.datasets

    @hookimpl
    def model(self) -> Model:
        return Model(script=Script(directory=self.folder, file="train.py", arguments=self.arguments))


class Add(Protocol):
    """Makes a recipe of these inputs and arguments known as `reads`."""

    def __call__(self, datasets: Dataset | Mapping[str, Dataset], *names: str | None) -> None: ...


@pytest.fixture
def add(engine: Engine, project: Path) -> Add:
    """Makes a recipe of these inputs and arguments known as `reads`."""
    (project / "reads").mkdir()

    def make(datasets: Dataset | Mapping[str, Dataset], *names: str | None) -> None:
        engine.plugins.add("recipe", "reads", Reads(project / "reads", datasets, *names))

    return make


def files(project: Path, name: str, text: str) -> FileDataset:
    path = project / f"{name}.csv"
    path.write_text(text)
    return FileDataset(name=name, sources=(Source(path="a.csv", addresses=(str(path),)),))


def register(engine: Engine, dataset: FileDataset) -> None:
    engine.workspace.create()
    engine.platform().datasets.ensure(dataset, lambda *_: None)


def log_of(engine: Engine) -> bytes:
    run = engine.run("reads")
    assert run.wait(60).state == "Completed"
    return b"".join(run.logs())


def test_a_registered_dataset_is_read_as_its_newest_version(engine: Engine, project: Path, add: Add):
    for text in ("old", "new"):
        register(engine, files(project, "numbers", text))
    add(RegisteredDataset(name="numbers"), None)
    assert log_of(engine) == b"new\n"


def test_a_registered_dataset_may_be_an_older_version(engine: Engine, project: Path, add: Add):
    for text in ("old", "new"):
        register(engine, files(project, "numbers", text))
    add(RegisteredDataset(name="numbers", version=1), None)
    assert log_of(engine) == b"old\n"


def test_a_plan_names_the_version_that_is_meant(engine: Engine, project: Path, add: Add):
    register(engine, files(project, "numbers", "1"))
    add(RegisteredDataset(name="numbers"), None)
    stage = engine.plan("reads").stage("dataset")
    assert (stage.action, stage.name, stage.version) == ("reuse", "numbers", 1)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (RegisteredDataset(name="numbrs"), "no dataset named 'numbrs'; did you mean 'numbers'"),
        (RegisteredDataset(name="numbers", version=7), "dataset 'numbers' has no version 7; known: 1"),
    ],
)
def test_a_dataset_that_is_not_registered_is_named(
    engine: Engine, project: Path, add: Add, wanted: RegisteredDataset, words: str
):
    register(engine, files(project, "numbers", "1"))
    add(wanted, None)
    with pytest.raises(NotFoundError, match=words):
        engine.plan("reads")


def test_several_inputs_are_given_by_name(engine: Engine, project: Path, add: Add):
    inputs = {"train": files(project, "a", "1"), "test": files(project, "b", "2")}
    add(inputs, "test", "train")
    assert log_of(engine) == b"2\n1\n"


def test_each_of_several_inputs_is_planned(engine: Engine, project: Path, add: Add):
    add({"train": files(project, "a", "1"), "test": files(project, "b", "2")}, "test")
    stages = engine.plan("reads").stages
    assert [stage.name for stage in stages if stage.stage == "dataset"] == ["b", "a"]


def test_an_argument_that_names_no_input_brings_the_names(engine: Engine, project: Path, add: Add):
    add({"train": files(project, "a", "1"), "test": files(project, "b", "2")}, "tset")
    with pytest.raises(SpecError, match="input 'tset', but the inputs are: test, train"):
        engine.plan("reads")


def test_an_argument_without_a_name_is_ambiguous_among_several_inputs(
    engine: Engine, project: Path, add: Add
):
    add({"train": files(project, "a", "1"), "test": files(project, "b", "2")}, None)
    with pytest.raises(SpecError, match="a dataset's folder, but the inputs are: test, train"):
        engine.plan("reads")
