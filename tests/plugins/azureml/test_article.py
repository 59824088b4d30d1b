"""The article's whole flow on the real MNIST: from files to a model that loads in Keras."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.azureml import loopback
from tests.conftest import REPOSITORY
from tests.fileserver import serving

from dressage import Engine
from dressage.engine.runs import Run

DIGITS = REPOSITORY / "plugins" / "dressage_keras_mnist" / "digits"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def python(keras_python: Callable[[str], Path]) -> Path:
    """What the service's nodes run scripts with."""
    return keras_python("tensorflow")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def trained(python: Path, project: Path, mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """20 epochs, on a cluster that was not there before."""
    with (
        pytest.MonkeyPatch.context() as patch,
        loopback(tmp_path_factory.mktemp("azureml"), python) as service,
    ):
        service.enter(project, patch)
        engine = Engine(project)
        run = engine.run("keras-mnist", on="azureml", set={"data": str(mnist)})
        run.wait(600)
        engine.platform("azureml").models.download(run.model, project / "model")
        assert run.status.state == "Completed"
        yield run
        assert not service.state()["unknown"]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: Path) -> Iterator[Engine]:
    """An engine in a folder and a service of its own."""
    with loopback(tmp_path, python) as service:
        (tmp_path / "project").mkdir()
        service.enter(tmp_path / "project", monkeypatch)
        yield Engine(tmp_path / "project")


def test_the_articles_own_profile_runs_where_images_are_built(own: Engine):
    run = own.run("keras-mnist", on="azureml", set={"profile": "article", "data": "digits", "epochs": 2})
    assert run.wait(300).state == "Completed"
    assert {file.path for file in run.model.files} == {"model.json", "model.weights.h5"}


def test_it_trains_on_what_a_web_server_has(own: Engine):
    with serving(files={f"/{path.name}": path.read_bytes() for path in DIGITS.glob("*.gz")}) as server:
        run = own.run("keras-mnist", on="azureml", set={"data": server.address, "epochs": 2})
        assert run.wait(300).state == "Completed"


def test_it_learns_mnist_to_98_percent(trained: Run):
    assert trained.metric >= 0.98


def test_every_epoch_is_recorded(trained: Run):
    assert [point.step for point in trained.tracked.metrics["Accuracy"]] == list(range(1, 21))


def test_the_figure_is_among_the_files(trained: Run):
    assert "Accuracy vs Loss.png" in {file.path for file in trained.files}


def test_the_downloaded_model_answers_in_keras(trained: Run, project: Path, python: Path):
    code = "import keras; print(keras.saving.load_model('model.keras').output_shape)"
    told = subprocess.run(
        [python, "-c", code],
        cwd=project / "model",
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert told.stdout.strip() == "(None, 10)", told.stderr
