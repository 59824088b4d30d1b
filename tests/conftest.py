"""Fixtures of the whole suite: an empty project folder, the command line, MNIST."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any

import pytest

from dressage import Engine
from dressage.environments.uv_environments import UvEnvironments
from tests.fixtures import BuildPython, Dressage, WriteScript
from tests.guests import cpu_environment
from tests.package_index import serve_index
from tests.recipes import Tiny

REPOSITORY = Path(__file__).parents[1]
MNIST = REPOSITORY.parent / "shared" / "data" / "mnist"


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Hide DRESSAGE_* variables, configuration files and the terminal of the user who runs the tests."""
    for name in ("XDG_CONFIG_DIRS", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith(("DRESSAGE_", "MLFLOW_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the working directory."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def engine(project: Path) -> Engine:
    """A new engine without a workspace."""
    return Engine(project)


@pytest.fixture
def script(project: Path) -> WriteScript:
    """A function that writes a training script to a separate folder and returns its path."""

    def write(text: str, name: str = "train.py") -> Path:
        path = project / "source" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def dressage(project: Path) -> Dressage:
    """A function that runs a command line in the project's folder, without a terminal."""

    def call(
        *arguments: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: int | None = None,
        stdout: int | IO[Any] = subprocess.PIPE,
        stderr: int | IO[Any] = subprocess.PIPE,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dressage.cli.main", *arguments],
            cwd=cwd or project,
            env=env,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
            timeout=600,
        )

    return call


@pytest.fixture(scope="session")
def mnist() -> Path:
    """The folder with the four files of MNIST."""
    if not MNIST.is_dir():
        pytest.skip(f"MNIST is not in {MNIST}")
    return MNIST


@pytest.fixture(scope="session")
def pytorch_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an index with the CPU build of PyTorch, where pip finds one on this machine."""
    folders = [Path(path) for path in os.environ.get("PIP_FIND_LINKS", "").split()]
    wheels = [wheel for folder in folders for wheel in folder.glob("torch-*cpu*.whl")]
    if not wheels:
        pytest.skip("no CPU build of PyTorch is on this machine")
    with serve_index(tmp_path_factory.mktemp("pytorch")) as index:
        index.lists_hashes = True
        for wheel in wheels:
            index.add(wheel)
        yield index.url


@pytest.fixture(scope="session")
def recipe_python(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> BuildPython:
    """A function that builds a recipe's environment for a CPU, once for these settings."""
    root = tmp_path_factory.mktemp("environments")

    @cache
    def build(recipe: str, **settings: str) -> Path:
        environment = cpu_environment(recipe, **settings)
        indexes = {
            index.name: request.getfixturevalue("pytorch_index") for index in environment.named_indexes
        }
        environments = UvEnvironments(root, indexes=indexes)
        return environments.interpreter(environments.ensure(environment, lambda *_: None).key)

    return build


@pytest.fixture
def tiny(engine: Engine, project: Path) -> Tiny:
    """The small recipe, registered as `tiny`."""
    recipe = Tiny(project)
    engine.plugins.add("recipe", "tiny", recipe)
    return recipe


@pytest.fixture
def user_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of the user's settings file; nothing is there yet."""
    return _move_settings_file(monkeypatch, "XDG_CONFIG_HOME", tmp_path / "home")


@pytest.fixture
def machine_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a settings file of the machine's operator; nothing is there yet."""
    return _move_settings_file(monkeypatch, "XDG_CONFIG_DIRS", tmp_path / "machine")


def _move_settings_file(monkeypatch: pytest.MonkeyPatch, variable: str, folder: Path) -> Path:
    """Set the variable that moves a settings file below `folder`, and return the file's path."""
    monkeypatch.setenv(variable, str(folder))
    path = folder / "dressage" / "dressage.toml"
    path.parent.mkdir(parents=True)
    return path
