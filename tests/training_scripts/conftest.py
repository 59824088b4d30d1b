"""Run training scripts without dressage, in environments of the local platform."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conftest import REPOSITORY
from tests.fixtures import BuildPython
from tests.guests import GUESTS, Guest, cpu_environment

SCRIPTS = REPOSITORY / "training_scripts"
DIGITS = REPOSITORY / "plugins" / "dressage_mnist" / "digits"


@dataclass
class ByHand:
    """Runs a guest's script as a user would, in folders below `root`."""

    guest: Guest
    python: Path
    root: Path

    def command(self, *arguments: str) -> list[str]:
        return [str(self.python), "-m", self.guest.module, "--data-folder", str(DIGITS), *arguments]

    def variables(self, **more: str) -> dict[str, str]:
        own = cpu_environment(self.guest.recipe, **self.guest.settings).variables
        path = os.pathsep.join(filter(None, (more.get("PYTHONPATH"), str(SCRIPTS))))
        return {**os.environ, **own, **more, "PYTHONPATH": path}

    def folder(self, name: str) -> Path:
        (self.root / name).mkdir(exist_ok=True)
        return self.root / name

    def run(
        self, *arguments: str, folder: str = "work", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return self.python_run(*self.command(*arguments)[1:], folder=folder, **variables)

    def python_run(
        self, *arguments: str, folder: str = "work", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, *arguments],
            cwd=self.folder(folder),
            env=self.variables(**variables),
            capture_output=True,
            text=True,
            timeout=250,
        )

    def lines(self, *arguments: str, folder: str = "work") -> Iterator[tuple[str, subprocess.Popen[str]]]:
        """Yield the lines that the script prints, with its process."""
        with subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder(folder),
            env=self.variables(),
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout
            for line in process.stdout:
                yield line, process


@pytest.fixture(params=GUESTS)
def guest(request: pytest.FixtureRequest) -> Guest:
    return GUESTS[request.param]


@pytest.fixture
def by_hand(guest: Guest, recipe_python: BuildPython, tmp_path: Path) -> ByHand:
    return ByHand(guest, recipe_python(guest.recipe, **guest.settings), tmp_path)
