"""An environment with every framework, and both sides of each script, run once a session."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integrations.sides import HERE, Outcome, run_by_dressage, run_by_hand

GIVEN_PYTHON = "DRESSAGE_INTEGRATIONS_PYTHON"


class Sides(NamedTuple):
    """Both take a script's name."""

    by_hand: Callable[[str], Outcome]
    by_dressage: Callable[[str], Outcome]


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with every framework: the given one, or else one built here."""
    if given := os.environ.get(GIVEN_PYTHON):
        return Path(given)
    folder = tmp_path_factory.mktemp("frameworks") / "environment"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    built = folder / "bin" / "python"
    subprocess.run([built, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
    return built


@pytest.fixture(scope="session")
def sides(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Sides:
    """Runs a script on either side; the second time it answers with the first outcome."""
    folder = tmp_path_factory.mktemp("integrations")
    return Sides(
        cache(lambda script: run_by_hand(python, script, folder / "by_hand" / script)),
        cache(lambda script: run_by_dressage(python, script, folder / "by_dressage" / script)),
    )
