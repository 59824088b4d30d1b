"""Run training scripts without dressage, in environments of the local platform."""

import os
import subprocess
from pathlib import Path
from typing import Protocol

import pytest
from tests.fixtures import BuildPython

BACKENDS = ("tensorflow", "jax")


class RunByHand(Protocol):
    """Runs a script as a user would, in a folder below tmp_path."""

    def __call__(
        self,
        script: Path,
        *arguments: str,
        backend: str = "tensorflow",
        folder: str = "work",
        **variables: str,
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def by_hand(keras_python: BuildPython, tmp_path: Path) -> RunByHand:
    """A function that runs a script as a user would, in a folder below tmp_path."""

    def call(
        script: Path, *arguments: str, backend: str = "tensorflow", folder: str = "work", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        (tmp_path / folder).mkdir(exist_ok=True)
        return subprocess.run(
            [keras_python(backend), script, *arguments],
            cwd=tmp_path / folder,
            env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2", **variables},
            capture_output=True,
            text=True,
            timeout=250,
        )

    return call
