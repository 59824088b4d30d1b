"""An environment with every framework, and both runs of each script, once per session."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integrations.sides import HERE, Outcome, run_with_dressage, run_with_mlflow

GIVEN_PYTHON = "DRESSAGE_INTEGRATIONS_PYTHON"


class Sides(NamedTuple):
    """Functions that run a script by name: with MLflow's own store, and with dressage."""

    mlflow: Callable[[str], Outcome]
    dressage: Callable[[str], Outcome]


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with every framework, from DRESSAGE_INTEGRATIONS_PYTHON or built here."""
    if given := os.environ.get(GIVEN_PYTHON):
        return Path(given)
    folder = tmp_path_factory.mktemp("frameworks") / "environment"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    built = folder / "bin" / "python"
    subprocess.run([built, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
    return built


@pytest.fixture(scope="session")
def sides(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Sides:
    """Runs a script on either side, once; later calls return the same outcome."""
    folder = tmp_path_factory.mktemp("integrations")
    return Sides(
        cache(lambda script: run_with_mlflow(python, script, folder / "mlflow" / script)),
        cache(lambda script: run_with_dressage(python, script, folder / "dressage" / script)),
    )
