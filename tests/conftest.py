"""What several parts of the suite stand on: an empty project folder, the command line, the real MNIST."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from dressage import ComputeTarget, Engine
from tests.recipes import Tiny

REPOSITORY = Path(__file__).parents[1]
MNIST = REPOSITORY.parent / "shared" / "data" / "mnist"


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No DRESSAGE_* variable and no user file of whoever runs the tests has a say."""
    for name in [name for name in os.environ if name.startswith(("DRESSAGE_", "MLFLOW_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and the current one."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def engine(project: Path) -> Engine:
    """An engine of its own, with no workspace yet."""
    return Engine(project)


@pytest.fixture
def script(project: Path) -> Callable[[str], Path]:
    """Writes a training script into a folder of its own and answers with its path."""

    def write(text: str, name: str = "train.py") -> Path:
        path = project / "source" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def dressage(project: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line in the project's folder, off a terminal."""

    def call(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dressage.cli.main", *arguments],
            **{"cwd": project, "capture_output": True, "text": True, "timeout": 600, **options},
        )

    return call


@pytest.fixture(scope="session")
def mnist() -> Path:
    """The folder of the real MNIST's four files."""
    if not MNIST.is_dir():
        pytest.skip("the real MNIST is not at hand")
    return MNIST


@pytest.fixture(scope="session")
def keras_python(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The interpreter of keras-mnist's environment for a CPU, by backend; each is built once."""
    import dressage_keras_mnist as recipe

    environments = Engine(tmp_path_factory.mktemp("environments")).platform("local").environments

    @cache
    def built(backend: str) -> Path:
        described = recipe.environment(
            settings=recipe.settings()(backend=backend), compute=ComputeTarget(name="any", accelerator="cpu")
        )
        return environments.interpreter(environments.ensure(described, lambda *_: None).key)

    return built


@pytest.fixture
def tiny(engine: Engine, project: Path) -> Tiny:
    """The small recipe, known to the engine as `tiny`."""
    recipe = Tiny(project)
    engine.plugins.add("recipe", "tiny", recipe)
    return recipe
