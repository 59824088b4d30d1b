"""A project with runs on two platforms: `steady`, and `shaky`, which breaks as a test configures."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.broken.commandline import CommandLine, Result, command_line
from tests.lab import install, lab_source
from tests.waiting import eventually

PLUGINS = Path(__file__).with_name("plugins")
NO_PROCESS = "4194305"
"""A process id that cannot exist: it is above the maximum."""
TRAIN = """
import os, pathlib, time
print("hello", flush=True)
while os.path.exists("../../../../../hold"):
    time.sleep(0.02)
pathlib.Path("outputs/note.txt").write_text("kept")
"""
FIT = """
import pathlib, sys
pathlib.Path("outputs/model").mkdir()
pathlib.Path("outputs/model/weights").write_text(pathlib.Path(sys.argv[1], "a.csv").read_text() * 2)
"""


@dataclass(frozen=True)
class Sites:
    """Folders of installed plugins: a steady platform and recipe, and a plugin `shaky`."""

    folder: Path

    def steady(self) -> dict[str, str]:
        """Return the environment variables of a command that finds the steady plugins only."""
        return {"PYTHONPATH": str(self.folder / "steady")}

    def shaky(self, kind: str, module: str, breaks: str = "") -> dict[str, str]:
        """Return those of a command that finds a plugin `shaky` too. breaks: where and how; see breaking.py."""
        site = self.folder / f"{kind}-{module}"
        if not site.exists():
            install(site, kind, "shaky", module, (PLUGINS / f"{module}.py").read_text(), f"shaky_{kind}")
        return {"PYTHONPATH": f"{site}:{self.folder / 'steady'}", "BREAK": breaks}


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Sites:
    folder = tmp_path_factory.mktemp("sites")
    install(folder / "steady", "platforms", "steady", "lab_platform:plugin", lab_source())
    install(folder / "steady", "recipes", "plain", "plain_recipe", "")
    for name in ("plain_recipe", "breaking"):
        shutil.copy(PLUGINS / f"{name}.py", folder / "steady")
    return Sites(folder)


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    with command_line(tmp_path_factory.mktemp("output")) as commands:
        yield commands


@dataclass(frozen=True)
class Project:
    """A project with runs: finished and unfinished (on shaky), and steady (unfinished, on steady)."""

    folder: Path
    commands: CommandLine
    finished: str
    unfinished: str
    steady: str

    def call(self, words: str, env: Mapping[str, str], constants: Mapping[str, Any] | None = None) -> Result:
        """Run a command line. FINISHED, UNFINISHED and STEADY in `words` are replaced by the ids of the runs."""
        for name in ("unfinished", "finished", "steady"):
            words = words.replace(name.upper(), getattr(self, name))
        return self.commands(*words.split(), cwd=self.folder, env=env, constants=constants)

    def copy(self, folder: Path) -> "Project":
        shutil.copytree(self.folder, folder)
        return Project(folder, self.commands, self.finished, self.unfinished, self.steady)


@pytest.fixture(scope="session")
def prepared_project(
    commands: CommandLine, sites: Sites, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "source").mkdir()
    (folder / "source" / "train.py").write_text(TRAIN)
    (folder / "source" / "fit.py").write_text(FIT)
    (folder / "a.csv").write_text("12")
    env = sites.shaky("platforms", "shaky_platform")

    def run(*words: str) -> str:
        result = commands("run", *words, "-d", cwd=folder, env=env)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    finished = run("plain", "--on", "shaky")
    assert commands("runs", "wait", finished, cwd=folder, env=env).returncode == 0
    (folder / "hold").touch()
    unfinished, steady = run("source/train.py", "--on", "shaky"), run("source/train.py", "--on", "steady")
    (folder / "hold").unlink()
    for run_id in (unfinished, steady):
        attempt = folder / ".dressage" / "lab" / run_id / "1"
        eventually((attempt / "code").exists)
        (
            attempt / "code"
        ).unlink()  # its platform believes that it still runs, but no process has to be stopped
        (attempt / "pid").write_text(NO_PROCESS)
    return Project(folder, commands, finished, unfinished, steady)


@pytest.fixture
def project(prepared_project: Project, tmp_path: Path) -> Project:
    """A copy for one test."""
    return prepared_project.copy(tmp_path / "project")
