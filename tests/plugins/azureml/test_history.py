"""The runs of the workspace, no matter who started them."""

from pathlib import Path

import pytest
from tests.azureml import Loopback
from tests.plugins.azureml.conftest import with_tiny

from dressage import Engine
from dressage.engine.runs import Run


@pytest.fixture
def trained(azure: Engine) -> Run:
    run = azure.run("tiny", tags={"team": "red"})
    assert run.wait(120).state == "Completed"
    return run


@pytest.fixture
def elsewhere(service: Loopback, project: Path, tmp_path: Path) -> Path:
    """The folder of the same project on another machine."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in ("config.json", "dressage.toml"):
        (folder / name).write_bytes((project / name).read_bytes())
    return folder


@pytest.fixture
def other(elsewhere: Path) -> Engine:
    return with_tiny(elsewhere)


def submissions(service: Loopback) -> int:
    return sum(path.endswith("/snapshotrun") for path in service.changes())


def test_a_plan_that_reuses_is_followed_by_the_run(other: Engine, trained: Run, service: Loopback):
    assert other.plan("tiny").stage("model").action == "reuse"
    run = other.run("tiny")
    assert (run.id, run.status.state, run.model) == (trained.id, "Completed", trained.model)
    assert b"".join(run.logs()) == b"".join(trained.logs())
    assert [file.path for file in run.files] == [file.path for file in trained.files]
    assert submissions(service) == 1
    assert run.wait(60).state == "Completed"


def test_the_whole_record_is_made_again(other: Engine, trained: Run):
    run = other.get(trained.id)
    assert run.request.key == trained.request.key
    assert run.request.tags == {"team": "red"}
    for stage in ("dataset", "compute", "environment", "model"):
        assert run.stage(stage) == trained.stage(stage)


def test_the_runs_of_the_workspace_are_listed(other: Engine, trained: Run):
    (listed,) = other.runs(on="azureml")
    assert (listed.run_id, listed.experiment, listed.status.state) == (trained.id, "tiny", "Completed")
    assert (listed.recipe, listed.user, listed.tags) == ("tiny", "Loopback User", {"team": "red"})
    assert other.runs() == []
