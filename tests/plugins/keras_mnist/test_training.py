"""keras-mnist on MNIST, end to end on this machine."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.clients import kill_script
from tests.fileserver import FileServer, serve_files
from tests.fixtures import Dressage

from dressage import Engine
from dressage.engine.runs import Run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def mnist_server(mnist: Path) -> Iterator[FileServer]:
    with serve_files(files={f"/{path.name}": path.read_bytes() for path in mnist.glob("*.gz")}) as server:
        yield server


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def trained_run(engine: Engine, mnist_server: FileServer) -> Run:
    """20 epochs on MNIST."""
    run = engine.run("keras-mnist", set={"data": mnist_server.address})
    assert run.wait(900).state == "Completed"
    return run


def count_versions(engine: Engine) -> dict[str, int]:
    platform = engine.platform("local")
    return {
        "datasets": len(platform.datasets.list()),
        "environments": len(platform.environments.list()),
        "models": len(platform.models.list()),
        "snapshots": sum(path.is_dir() for path in (engine.workspace.root / "snapshots").iterdir()),
    }


def test_mnist_is_learned_to_98_percent(trained_run: Run):
    assert trained_run.metric is not None
    assert trained_run.metric >= 0.98


def test_each_epoch_records_loss_and_accuracy(trained_run: Run):
    metrics = trained_run.tracked.metrics
    assert [point.step for point in metrics["Loss"]] == list(range(1, 21))
    assert [point.step for point in metrics["Accuracy"]] == list(range(1, 21))
    assert metrics["Final test accuracy"][-1].value == metrics["Accuracy"][-1].value


def test_the_figure_is_among_the_files(trained_run: Run):
    assert any(file.path.endswith("Accuracy vs Loss.png") for file in trained_run.files)


def test_the_model_has_the_files_of_keras(trained_run: Run):
    assert trained_run.model is not None
    paths = {file.path for file in trained_run.model.files}
    assert paths == {"model.keras", "model.json", "model.weights.h5"}


def test_training_again_creates_no_new_versions(engine: Engine, mnist_server: FileServer, trained_run: Run):
    before = count_versions(engine)
    again = engine.run("keras-mnist", set={"data": mnist_server.address}, again=True)
    assert again.wait(900).state == "Completed"
    assert again.model == trained_run.model
    assert count_versions(engine) == before == {"datasets": 1, "environments": 1, "models": 1, "snapshots": 1}


def test_a_plan_after_training_reuses_all_stages(engine: Engine, mnist_server: FileServer, trained_run: Run):
    plan = engine.plan("keras-mnist", set={"data": mnist_server.address})
    assert [stage.action for stage in plan.stages] == ["reuse"] * 4


def test_a_killed_and_resumed_run_ends_with_the_same_weights(
    engine: Engine, mnist_server: FileServer, trained_run: Run
):
    run = engine.run("keras-mnist", set={"data": mnist_server.address}, again=True)
    kill_script(run, b"epoch  3/20")
    resumed = engine.resume(run.id)
    assert resumed.wait(900).state == "Completed"
    assert b"resuming after epoch" in b"".join(resumed.logs())
    assert resumed.model == trained_run.model


def test_an_unreachable_dataset_is_an_error_of_one_line(dressage: Dressage, project: Path):
    begun = time.monotonic()
    result = dressage("run", "keras-mnist", "--set", "data=http://127.0.0.1:9/")
    assert result.returncode == 3
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error:")]
    assert "http://127.0.0.1:9/" in line
    assert time.monotonic() - begun < 120
