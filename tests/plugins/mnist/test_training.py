"""pytorch-mnist and jax-mnist, end to end on this machine. keras-mnist has its own tests."""

from pathlib import Path

import pytest
from tests.clients import kill_script
from tests.guests import GUESTS, Guest

from dressage import Engine
from dressage.engine.runs import Run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

EPOCHS = 20
LONG = {"data": "digits", "epochs": "20", "batch_size": "5"}
"""Long enough to be killed before its end."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("project")


@pytest.fixture(params=["pytorch", "jax"])
def guest(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Guest:
    if request.param == "pytorch":
        monkeypatch.setenv("DRESSAGE_INDEX_PYTORCH_CPU", request.getfixturevalue("pytorch_index"))
    return GUESTS[request.param]


@pytest.fixture
def engine(folder: Path, guest: Guest) -> Engine:
    """A new engine for each test; all have the same workspace with its environments."""
    return Engine(folder)


def files_of(run: Run) -> set[str]:
    assert run.model
    return {file.path for file in run.model.files}


def test_mnist_is_learned_to_98_percent(guest: Guest, engine: Engine, mnist: Path):
    run = engine.run(guest.recipe, set={"data": str(mnist), "epochs": EPOCHS})
    assert run.wait(900).state == "Completed"
    assert run.metric is not None
    assert run.metric >= 0.98
    assert files_of(run) == set(guest.model)
    assert [point.step for point in run.tracked.metrics["Accuracy"]] == list(range(1, EPOCHS + 1))
    assert any(file.path.endswith("Accuracy vs Loss.png") for file in run.files)


def test_a_run_that_was_killed_in_an_epoch_and_resumed_ends_with_the_same_bytes(guest: Guest, engine: Engine):
    whole = engine.run(guest.recipe, set=LONG)
    assert whole.wait(600).state == "Completed"
    run = engine.run(guest.recipe, set=LONG, again=True)
    kill_script(run, b"epoch  2/20")
    resumed = engine.resume(run.id)
    assert resumed.wait(600).state == "Completed"
    assert b"resuming after epoch" in b"".join(resumed.logs())
    assert resumed.model == whole.model
