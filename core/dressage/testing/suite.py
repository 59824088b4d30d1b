"""What all suites share: an empty project, and settings that no user or machine has changed."""

import os
from pathlib import Path

import pytest

from dressage import Engine
from dressage.errors import describe_unknown

_OWN = "dressage.testing."


class Suite:
    """The base of the suites. A test class inherits suites and gives the fixtures that they ask for."""

    def __init_subclass__(cls) -> None:
        """Raise TypeError for an attribute that no suite has: it may be misspelt."""
        super().__init_subclass__()
        known = {name for base in cls.__mro__[1:] for name in vars(base)}
        for name, value in vars(cls).items():
            if (
                isinstance(value, bool | int | float)
                and name not in known
                and not cls.__module__.startswith(_OWN)
            ):
                raise TypeError(f"{cls.__name__}: {describe_unknown('attribute', name, known)}")

    @pytest.fixture(autouse=True)
    def own_settings(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Hide the settings files and the DRESSAGE_* and MLFLOW_* variables of the user who runs the tests."""
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        monkeypatch.delenv("XDG_CONFIG_DIRS", raising=False)
        for name in [name for name in os.environ if name.startswith(("DRESSAGE_", "MLFLOW_"))]:
            monkeypatch.delenv(name)

    @pytest.fixture
    def empty_project(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """An empty folder, which is the working directory."""
        folder = tmp_path / "project"
        folder.mkdir()
        monkeypatch.chdir(folder)
        return folder

    @pytest.fixture
    def project(self, empty_project: Path) -> Path:
        """The folder of the engine. Override it to write a configuration to the folder `empty_project`."""
        return empty_project

    @pytest.fixture
    def engine(self, project: Path) -> Engine:
        """An engine without a workspace yet."""
        return Engine(project)
