"""The article's whole flow on MNIST: from files to a model that loads in Keras."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.azureml import loopback
from tests.conftest import REPOSITORY
from tests.fileserver import serve_files
from tests.fixtures import BuildPython

from dressage import Engine
from dressage.engine.runs import Run

DIGITS = REPOSITORY / "plugins" / "dressage_mnist" / "digits"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def python(recipe_python: BuildPython) -> Path:
    """The interpreter of the service's nodes."""
    return recipe_python("keras-mnist", backend="tensorflow")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def trained_run(
    python: Path, project: Path, mnist: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Run]:
    """20 epochs on a new cluster."""
    with (
        pytest.MonkeyPatch.context() as patch,
        loopback(tmp_path_factory.mktemp("azureml"), python) as service,
    ):
        service.enter(project, patch)
        engine = Engine(project)
        run = engine.run("keras-mnist", on="azureml", set={"data": str(mnist)})
        run.wait(600)
        assert run.model
        engine.platform("azureml").models.download(run.model, project / "model")
        assert run.status.state == "Completed"
        yield run
        assert not service.state()["unknown"]


@pytest.fixture
def new_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: Path) -> Iterator[Engine]:
    """An engine with a new folder and a new service."""
    with loopback(tmp_path, python) as service:
        (tmp_path / "project").mkdir()
        service.enter(tmp_path / "project", monkeypatch)
        yield Engine(tmp_path / "project")


def test_the_profile_article_runs_on_a_platform_that_builds_images(new_engine: Engine):
    run = new_engine.run(
        "keras-mnist", on="azureml", set={"profile": "article", "data": "digits", "epochs": 2}
    )
    assert run.wait(300).state == "Completed"
    assert run.model
    assert {file.path for file in run.model.files} == {"model.json", "model.weights.h5"}


def test_it_trains_on_files_of_a_web_server(new_engine: Engine):
    with serve_files(files={f"/{path.name}": path.read_bytes() for path in DIGITS.glob("*.gz")}) as server:
        run = new_engine.run("keras-mnist", on="azureml", set={"data": server.address, "epochs": 2})
        assert run.wait(300).state == "Completed"


def test_it_learns_mnist_to_98_percent(trained_run: Run):
    assert trained_run.metric is not None
    assert trained_run.metric >= 0.98


def test_every_epoch_is_recorded(trained_run: Run):
    assert [point.step for point in trained_run.tracked.metrics["Accuracy"]] == list(range(1, 21))


def test_the_figure_is_among_the_files(trained_run: Run):
    assert "Accuracy vs Loss.png" in {file.path for file in trained_run.files}


def test_the_downloaded_model_loads_in_keras(trained_run: Run, project: Path, python: Path):
    code = "import keras; print(keras.saving.load_model('model.keras').output_shape)"
    result = subprocess.run(
        [python, "-c", code],
        cwd=project / "model",
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.stdout.strip() == "(None, 10)", result.stderr
