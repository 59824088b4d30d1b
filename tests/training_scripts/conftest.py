"""Run training scripts without dressage, in environments of the local platform."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

BACKENDS = ("tensorflow", "jax")


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def by_hand(
    keras_python: Callable[[str], Path], tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
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
