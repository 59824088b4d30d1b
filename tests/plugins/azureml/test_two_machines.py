"""Two machines with one Azure ML workspace: they make each thing once, and follow each other's runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from platformdirs import user_cache_path
from tests.azureml import Loopback
from tests.conftest import REPOSITORY
from tests.plugins.azureml.conftest import with_tiny
from tests.waiting import eventually

from dressage import Engine
from dressage.results.events import RunFound

RUN = """
from pathlib import Path
from tests.plugins.azureml.conftest import with_tiny
run = with_tiny(Path.cwd()).run("tiny")
assert run.wait(300).state == "Completed", run.status
print(run.id, f"{run.model.name}:{run.model.version}", run.model.lineage.run_id)
"""


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


def count_results(engine: Engine, service: Loopback) -> dict[str, int]:
    platform = engine.platform()
    return {
        "dataset": max(one.version for one in platform.datasets.list()),
        "environment": len(service.state()["environments"]),
        "model": len(platform.models.list()),
    }


def submissions(service: Loopback) -> int:
    return sum(path.endswith("/snapshotrun") for path in service.changes())


ONE = {"dataset": 1, "environment": 1, "model": 1}


@pytest.mark.slow
def test_a_run_of_another_machine_is_followed(azure: Engine, other: Engine, service: Loopback, project: Path):
    hold = project / "hold"
    hold.touch()
    first = azure.run("tiny", set={"hold": str(hold)})
    eventually(lambda: b"step 1" in b"".join(first.logs()))
    assert [run.run_id for run in other.runs(on="azureml", state="Running")] == [first.id]
    assert other.runs(on="azureml", state="Preparing") == other.runs(on="azureml", state="Completed") == []
    stage = other.plan("tiny", set={"hold": str(hold)}).stage("model")
    assert (stage.action, stage.run_id) == ("follow", first.id)
    assert stage.reasons == (f"run {first.id}, started elsewhere from the same inputs, is Running",)
    events: list[object] = []
    second = other.run("tiny", set={"hold": str(hold)}, listener=events.append)
    assert second.id == first.id
    assert RunFound(first.id, "it was started elsewhere") in events
    hold.unlink()
    assert b"".join(second.logs(follow=True)) == b"step 0\nstep 1\nstep 2\nstep 3\n"
    assert second.wait(60).state == first.wait(60).state == "Completed"
    assert second.model == first.model
    assert submissions(service) == 1
    assert count_results(azure, service) == ONE


@pytest.mark.slow
def test_a_run_of_another_machine_is_canceled_and_then_not_followed(
    azure: Engine, other: Engine, project: Path
):
    hold = project / "hold"
    hold.touch()
    first = azure.run("tiny", set={"hold": str(hold)})
    eventually(lambda: b"step 1" in b"".join(first.logs()))
    other.get(first.id).cancel()
    assert other.get(first.id).wait(60).state == first.wait(60).state == "Canceled"
    assert other.plan("tiny", set={"hold": str(hold)}).stage("model").action == "train"
    hold.unlink()


@pytest.mark.slow
def test_a_run_that_this_machine_left_is_not_followed(azure: Engine, project: Path):
    hold = project / "hold"
    hold.touch()
    first = azure.run("tiny", set={"hold": str(hold)})
    first.detach()
    assert azure.plan("tiny", set={"hold": str(hold)}).stage("model").action == "train"
    hold.unlink()
    assert first.wait(60).state == "Completed"


@pytest.mark.slow
@pytest.mark.parametrize("rights", [True, False], ids=["with claims", "without rights on the storage"])
def test_both_start_at_the_same_moment(
    azure: Engine, service: Loopback, project: Path, elsewhere: Path, rights: bool
):
    with_tiny(elsewhere)  # writes the recipe's files
    if not rights:  # only the claims need the role: the dataset is uploaded before
        dataset = azure.describe("tiny").file_datasets["numbers"]
        azure.platform().datasets.ensure(dataset, lambda *_: None)
        service.behave(keyless=True, without_keys=True, storage_role=False)
    processes = [start(folder) for folder in (project, elsewhere)]
    answers = [process.communicate(timeout=500) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], answers
    service.behave(keyless=False, without_keys=False)
    found = [out.split() for out, _ in answers]
    assert {model for _, model, _ in found} == {"tiny:1"}
    assert len({made_by for _, _, made_by in found}) == 1
    assert 1 <= submissions(service) <= 2
    assert count_results(azure, service) == ONE


def start(folder: Path) -> "subprocess.Popen[str]":
    """Run the recipe in a folder, with its own home and settings."""
    home = folder.parent / f"home-{folder.name}"
    (home / "config").mkdir(parents=True)
    environ = {
        **os.environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(user_cache_path("dressage").parent),
        "PYTHONPATH": str(REPOSITORY),
    }
    return subprocess.Popen(
        [sys.executable, "-c", RUN],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
