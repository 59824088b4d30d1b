"""A platform with nothing but `runs`, as in docs/platform-authors.md, at the command line."""

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from tests.fixtures import Dressage, WriteScript
from tests.lab import install_lab
from tests.waiting import eventually

SCRIPT = """
import os, pathlib, sys, time
print("hello", flush=True)
while len(sys.argv) > 1 and os.path.exists(sys.argv[1]):
    time.sleep(0.02)
pathlib.Path("outputs/note.txt").write_text("kept")
"""
RECIPE = """
from pathlib import Path
from dressage import DatasetFolder, FileDataset, Model, Script, Source, hookimpl

@hookimpl
def dataset():
    return FileDataset(name="numbers", sources=(Source(path="a.csv", addresses=(str(Path("a.csv").absolute()),)),))

@hookimpl
def model():
    script = Script(directory=Path("source").absolute(), file="fit.py", arguments=(DatasetFolder(),))
    return Model(name="fitted", script=script)
"""
FIT = """
import pathlib, sys
pathlib.Path("outputs/model").mkdir()
pathlib.Path("outputs/model/weights").write_text(pathlib.Path(sys.argv[1], "a.csv").read_text() * 2)
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Environment variables with which the platform `lab` is found."""
    return install_lab(tmp_path / "site")


@pytest.fixture
def lab(dressage: Dressage, environ: dict[str, str], script: WriteScript) -> Dressage:
    """The command line, with the platform installed and a script that waits while a file is there."""
    script(SCRIPT)
    return partial(dressage, env=environ)


def run_held(lab: Dressage, project: Path) -> str:
    """The id of a run that goes on until `hold` is removed."""
    (project / "hold").touch()
    return lab("run", "source/train.py", "--on", "lab", "-d", "--", str(project / "hold")).stdout.strip()


def test_a_run_is_followed_to_its_end(lab: Dressage):
    told = lab("run", "source/train.py", "--on", "lab")
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[0] == "hello"
    assert "Completed" in told.stdout


def test_a_failed_script_gives_its_exit_code(lab: Dressage, script: WriteScript):
    script("raise SystemExit(5)")
    assert lab("run", "source/train.py", "--on", "lab").returncode == 5


def test_a_run_is_shown_with_state_and_files(lab: Dressage):
    lab("run", "source/train.py", "--on", "lab")
    shown = json.loads(lab("runs", "show", "latest", "-o", "json").stdout)
    assert (shown["state"], shown["exit_code"], shown["platform"]) == ("Completed", 0, "lab")
    assert "outputs/note.txt" in [file["path"] for file in shown["files"]]


def test_a_run_is_listed_as_it_stands(lab: Dressage, project: Path):
    run_held(lab, project)
    states = partial(lambda: [run["state"] for run in runs(lab)])
    assert states() == ["Running"]
    (project / "hold").unlink()
    eventually(lambda: states() == ["Completed"], 20)


def runs(lab: Dressage) -> list[dict[str, str]]:
    return [run["status"] for run in json.loads(lab("runs", "list", "-o", "json").stdout)]


def test_a_runs_log_and_files_are_had(lab: Dressage, project: Path):
    lab("run", "source/train.py", "--on", "lab")
    assert lab("runs", "logs", "latest").stdout == "hello\n"
    assert "outputs/note.txt" in lab("runs", "files", "latest").stdout
    lab("runs", "download", "latest", "outputs/note.txt", "--to", "down")
    assert (project / "down" / "outputs" / "note.txt").read_text() == "kept"


def test_a_run_is_canceled(lab: Dressage, project: Path):
    run_held(lab, project)
    assert "Canceled" in lab("runs", "cancel", "latest").stderr


def test_a_run_is_waited_for(lab: Dressage, project: Path):
    run_held(lab, project)
    assert lab("runs", "wait", "latest", "--timeout", "0.5").returncode == 124
    (project / "hold").unlink()
    assert lab("runs", "wait", "latest").returncode == 0


def test_a_recipes_model_is_registered_from_the_runs_files(lab: Dressage, project: Path, tmp_path: Path):
    (project / "source" / "fit.py").write_text(FIT)
    (project / "a.csv").write_text("12")
    site = tmp_path / "site"
    (site / "fit-1.0.dist-info").mkdir()
    (site / "fit-1.0.dist-info" / "entry_points.txt").write_text("[dressage.recipes]\nfit = fit_recipe\n")
    (site / "fit_recipe.py").write_text(RECIPE)
    told = lab("run", "fit", "--on", "lab")
    assert told.returncode == 0, told.stderr
    assert "fitted:1" in lab("models", "list", "--on", "lab").stdout
    lab("models", "download", "fitted", "--on", "lab", "--to", "down")
    assert (project / "down" / "weights").read_text() == "1212"
    assert "reusing run" in lab("run", "fit", "--on", "lab").stderr


def test_a_run_is_resumed_after_its_client_was_killed(lab: Dressage, environ: dict[str, str], project: Path):
    (project / "hold").touch()
    words = [sys.executable, "-m", "dressage.cli.main", "run", "source/train.py", "--on", "lab", "--"]
    client = subprocess.Popen(
        [*words, str(project / "hold")],
        cwd=project,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert client.stdout
    assert client.stdout.readline() == "hello\n"
    os.kill(client.pid, signal.SIGKILL)
    client.wait()
    client.stdout.close()
    (project / "hold").unlink()
    told = lab("resume", "latest")
    assert told.returncode == 0, told.stderr
    assert "Completed" in told.stdout


def test_a_failed_run_is_started_again_by_resume(lab: Dressage, project: Path, script: WriteScript):
    script("import os; raise SystemExit(0 if os.path.exists('../../2') else 5)")
    assert lab("run", "source/train.py", "--on", "lab").returncode == 5
    assert lab("resume", "latest").returncode == 0
