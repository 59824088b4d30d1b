"""The recipes for MNIST run unchanged on Azure ML. test_article.py trains keras-mnist on MNIST there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.azureml import Loopback, loopback
from tests.fixtures import BuildPython

from dressage import Engine
from dressage.engine.runs import Run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FILES = {
    "keras-mnist": {"model.keras", "model.json", "model.weights.h5"},
    "pytorch-mnist": {"model.safetensors", "model.json"},
    "jax-mnist": {"model.npz", "model.json"},
}
CPU = "Standard_DS3_v2"


@pytest.fixture(params=FILES)
def recipe(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def service(
    recipe: str,
    recipe_python: BuildPython,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Loopback]:
    """The service, whose nodes have the recipe's packages."""
    if recipe == "pytorch-mnist":
        monkeypatch.setenv("DRESSAGE_INDEX_PYTORCH_CPU", request.getfixturevalue("pytorch_index"))
    with loopback(tmp_path, recipe_python(recipe)) as service:
        (tmp_path / "project").mkdir()
        service.enter(tmp_path / "project", monkeypatch)
        yield service


def train(recipe: str, project: Path, **settings: Any) -> Run:
    run = Engine(project).run(recipe, on="azureml", set={"data": "digits", "epochs": 2, **settings})
    assert run.wait(300).state == "Completed"
    return run


def test_a_recipe_trains_on_azure_as_it_does_here(recipe: str, service: Loopback, tmp_path: Path):
    run = train(recipe, tmp_path / "project", vm_size=CPU)
    assert run.model
    assert {file.path for file in run.model.files} == FILES[recipe]
    assert [point.step for point in run.tracked.metrics["Accuracy"]] == [1, 2]
    assert not service.state()["unknown"]
    if recipe == "pytorch-mnist":
        (registered,) = service.state()["environments"]
        assert "torch==2.13.0+cpu" in registered["dependencies"][-1]["pip"]
