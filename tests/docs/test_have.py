"""Each row of the table "I have ..." in docs/users.md does what it says."""

import http.server
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.azureml import loopback
from tests.conftest import REPOSITORY
from tests.docs.test_examples import shell

_TABLE = (
    (REPOSITORY / "docs" / "users.md").read_text().partition("| I have | command |\n")[2].partition("\n\n")[0]
)
ROWS = dict(re.findall(r"^\| ([^|]+) \| `([^`]+)` \|$", _TABLE, re.MULTILINE))
TRAIN = "import os, sys\nprint('got', sys.argv[1:])\n"
SIX = "import six, sys\nprint('got', six.__version__)\n"
READ = "import os, sys\nprint('got', sorted(os.listdir(sys.argv[2])))\n"
NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "id": "a",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": "print('got', 6 * 7)",
        }
    ],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
INLINE = "# /// script\n# dependencies = ['six==1.16.0']\n# ///\n" + SIX
BOARD = """\
from tensorboardX import SummaryWriter
with SummaryWriter("runs/first") as writer:
    writer.add_scalar("loss", 0.5, 1)
"""


class Place:
    """The folder in which a row's command is typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def run(self, command: str) -> str:
        ran = shell(command, self.folder)
        assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
        return ran.stdout


@pytest.fixture
def place(project: Path) -> Place:
    found = Place(project)
    found.write("train.py", TRAIN)
    found.write("read.py", READ)
    found.write("data/a.csv", "1\n")
    return found


def requirements(place: Place) -> None:
    place.write("train.py", SIX)
    place.write("requirements.txt", "six==1.16.0\n")


def conda(place: Place) -> None:
    place.write("train.py", SIX)
    place.write("environment.yml", "name: x\ndependencies:\n- python=3.11\n- pip\n- pip:\n  - six==1.16.0\n")


def pyproject(place: Place) -> None:
    place.write("train.py", SIX)
    place.write(
        "pyproject.toml",
        "[project]\nname = 'x'\nversion = '1'\nrequires-python = '>=3.11'\ndependencies = ['six==1.16.0']\n",
    )
    subprocess.run(["uv", "lock", "-q"], cwd=place.folder, check=True)


def inline(place: Place) -> None:
    place.write("inline.py", INLINE)


def below_root(place: Place) -> None:
    place.write("lib/__init__.py", "")
    place.write("scripts/train.py", "import lib\n" + TRAIN)


def package(place: Place) -> None:
    place.write("package/__init__.py", "")
    place.write("package/train.py", TRAIN)


def folder(place: Place) -> None:
    place.write("app/__main__.py", TRAIN)


def notebook(place: Place) -> None:
    place.write("requirements.txt", "six\n")
    place.write("analysis.ipynb", json.dumps(NOTEBOOK))


def shell_script(place: Place) -> None:
    place.write("train.sh", 'python train.py "$1"\n')


def registered(place: Place) -> None:
    place.run("dressage datasets register numbers data/a.csv")


def ignored(place: Place) -> None:
    place.write(".gitignore", "/data\n")
    place.write("data/x.bin", "x")
    place.write("train.py", "import os\nprint('got', os.listdir('data'))\n")


def variables(place: Place) -> None:
    place.write(".env", "RATE=0.1\n")
    place.write("train.py", "import os\nprint('got', os.environ['RATE'])\n")


def secret(place: Place) -> None:
    place.write("train.py", "import os\nprint('got', len(os.environ['HF_TOKEN']))\n")


def saves(place: Place) -> None:
    place.write("save.py", "open('net.pt', 'w').write('weights')\nprint('got saved')\n")


def board(place: Place) -> None:
    place.write("board.py", BOARD)


def nothing(place: Place) -> None: ...


CASES: dict[str, tuple[Callable[[Place], None], str]] = {
    "a script": (nothing, "got ['--lr', '0.1']"),
    "a `requirements.txt`": (requirements, "got 1.16.0"),
    "a conda specification": (conda, "got 1.16.0"),
    "a script with dependencies inside (PEP 723)": (inline, "got 1.16.0"),
    "a `pyproject.toml` or `uv.lock`": (pyproject, "got 1.16.0"),
    "an active conda or virtual environment": (nothing, "got []"),
    "a script below the project's root": (below_root, "got []"),
    "a package": (package, "got ['--epochs', '3']"),
    "a folder with `__main__.py`": (folder, "got []"),
    "a shell script": (shell_script, "got ['3']"),
    "a folder or file of data": (nothing, "got ['a.csv']"),
    "a registered dataset": (registered, "got ['a.csv']"),
    "data that git ignores": (ignored, "got ['x.bin']"),
    "variables in `.env`": (variables, "got 0.1"),
    "secrets, in the environment or the keyring": (secret, "got 6"),
    "a script that saves its model anywhere": (saves, "net:1"),
}
APART = {
    "a notebook": "test_a_notebook_is_executed_and_kept",
    "`torchrun`, `accelerate launch`, `make` or any command": "test_torchrun_starts_its_processes",
    "data on the web": "test_data_on_the_web_is_an_input",
    "TensorBoard event files": "test_event_files_become_metrics",
    "a cluster": "test_a_script_runs_on_a_cluster",
}
"""Rows with a test of their own."""


def test_each_row_has_a_test():
    assert {*CASES, *APART} == set(ROWS)
    assert all(name in globals() for name in APART.values())


@pytest.mark.parametrize("have", CASES)
def test_a_row_does_what_it_says(have: str, place: Place, monkeypatch: pytest.MonkeyPatch):
    prepare, wanted = CASES[have]
    monkeypatch.setenv("HF_TOKEN", "secret")
    if "active" not in have:  # no environment is active, so that the project's own is found
        monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    prepare(place)
    printed = place.run(ROWS[have])
    assert wanted in printed + place.run("dressage runs show latest")


@pytest.mark.slow
def test_a_notebook_is_executed_and_kept(place: Place):
    notebook(place)
    assert "got 42" in place.run(ROWS["a notebook"])
    place.run("dressage runs download latest outputs/analysis.ipynb --to down")
    executed = json.loads((place.folder / "down" / "outputs" / "analysis.ipynb").read_text())
    assert executed["cells"][-1]["outputs"][0]["text"] == ["got 42\n"]


@pytest.fixture
def web(place: Place) -> Iterator[str]:
    """The address of a server of the folder's data."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(place.folder / "data"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/a.csv"
        server.shutdown()


def test_data_on_the_web_is_an_input(place: Place, web: str):
    printed = place.run(ROWS["data on the web"].replace("https://example.com/a.csv", web))
    assert "got ['a.csv']" in printed


def test_event_files_become_metrics(place: Place):
    board(place)
    place.run(ROWS["TensorBoard event files"])
    assert "loss" in place.run("dressage runs show latest")


@pytest.mark.slow
def test_a_script_runs_on_a_cluster(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with loopback(tmp_path) as service:
        service.enter(place.folder, monkeypatch)
        assert "got []" in place.run(ROWS["a cluster"])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_torchrun_starts_its_processes(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With the CPU build of PyTorch, where pip finds one on this machine: the registry's is gigabytes of CUDA."""
    wheels = [Path(path) for path in os.environ.get("PIP_FIND_LINKS", "").split()]
    found = [wheel for folder in wheels for wheel in folder.glob("torch-*cpu*.whl")]
    if not found:
        pytest.skip("no CPU build of PyTorch is on this machine")
    venv = tmp_path / "venv"
    subprocess.run(["uv", "venv", "-q", "--python", sys.executable, str(venv)], check=True)
    install = ["uv", "pip", "install", "-q", "--python", str(venv / "bin" / "python"), str(found[0]), "numpy"]
    subprocess.run(install, check=True)
    monkeypatch.setenv("VIRTUAL_ENV", str(venv))
    place.write("train.py", "import os\nprint('rank', os.environ['RANK'], 'of', os.environ['WORLD_SIZE'])\n")
    printed = place.run(ROWS["`torchrun`, `accelerate launch`, `make` or any command"])
    assert "rank 0 of 2" in printed
    assert "rank 1 of 2" in printed
