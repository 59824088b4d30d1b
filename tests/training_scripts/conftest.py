"""Run training scripts without dressage, in environments of the local platform."""

import os
import subprocess
from pathlib import Path
from typing import Protocol

import pytest
from tests.conftest import REPOSITORY
from tests.fixtures import BuildPython

BACKENDS = ("tensorflow", "jax")
SCRIPTS = REPOSITORY / "training_scripts"


class RunByHand(Protocol):
    """Runs Python as a user would, in a folder below tmp_path; modules are found in the folder of the scripts."""

    def __call__(
        self,
        *arguments: str,
        backend: str = "tensorflow",
        folder: str = "work",
        **variables: str,
    ) -> subprocess.CompletedProcess[str]: ...


def script_variables(backend: str) -> dict[str, str]:
    return {"PYTHONPATH": str(SCRIPTS), "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2"}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def by_hand(keras_python: BuildPython, tmp_path: Path) -> RunByHand:
    """A function that runs Python as a user would, in a folder below tmp_path."""

    def call(
        *arguments: str, backend: str = "tensorflow", folder: str = "work", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        (tmp_path / folder).mkdir(exist_ok=True)
        return subprocess.run(
            [keras_python(backend), *arguments],
            cwd=tmp_path / folder,
            env={**os.environ, **script_variables(backend), **variables},
            capture_output=True,
            text=True,
            timeout=250,
        )

    return call
