"""A client is killed after Azure ML has its run, and before the answer arrives. The run costs money: it is found."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.azureml import Loopback
from tests.fixtures import Dressage, WriteScript
from tests.waiting import eventually

from dressage import Engine

SCRIPT = """
import os, time
print("here", flush=True)
open({started!r}, "w").close()
while not os.path.exists({end!r}):
    time.sleep(0.02)
"""
LATE_S = 60


@pytest.fixture
def end(service: Loopback, project: Path, script: WriteScript) -> Iterator[Path]:
    """The file that ends the script of a run whose client was killed."""
    started, end = project / "started", project / "end"
    path = script(SCRIPT.format(started=str(started), end=str(end)))
    service.fault("POST", "/snapshotrun", late_s=LATE_S)
    command = [sys.executable, "-m", "dressage.cli.main", "run", str(path), "--on", "azureml"]
    client = subprocess.Popen(
        command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0
    )
    try:
        eventually(started.exists, 120)
    finally:
        client.kill()
        client.wait()
    assert client.returncode == -signal.SIGKILL
    yield end
    end.touch()


@pytest.fixture
def azure(end: Path, project: Path) -> Engine:
    return Engine(project, environ={"DRESSAGE_ON": "azureml"})


def test_the_listing_shows_that_it_runs(azure: Engine):
    (summary,) = azure.runs()
    assert summary.status.state == "Running"


def test_its_log_is_shown(azure: Engine):
    assert b"".join(azure.get("latest").logs()) == b"here\n"


def test_its_end_is_waited_for(azure: Engine, end: Path):
    assert azure.get("latest").wait(0.1).state == "Running"
    end.touch()
    assert azure.get("latest").wait(60).state == "Completed"


def test_it_is_canceled(dressage: Dressage, end: Path, service: Loopback):
    ran = dressage("runs", "cancel", "latest")
    assert (ran.returncode, ran.stderr.rpartition(": ")[2]) == (0, "Canceled\n")
    assert any(path.endswith("/cancel") for path in service.changes())


def test_the_same_request_follows_it(azure: Engine, end: Path, service: Loopback, project: Path):
    run = azure.run("script", set={"path": str(project / "source" / "train.py")})
    end.touch()
    assert run.wait(60).state == "Completed"
    assert [one.run_id for one in azure.runs()] == [run.id]
    assert sum(path.endswith("/snapshotrun") for path in service.changes()) == 1
