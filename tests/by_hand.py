"""Run the training script of a recipe without dressage, in the environment of a run."""

import os
import subprocess
from pathlib import Path

from dressage import Engine
from dressage.engine.runs import Run
from dressage.environments.uv_environments import UvEnvironments
from tests.conftest import REPOSITORY

SCRIPTS = REPOSITORY / "training_scripts"
Script = subprocess.Popen[str]


def python_of(engine: Engine, run: Run) -> Path:
    """Return the interpreter of a run's environment."""
    submission = engine.workspace.run(run.id).refresh().the_submission()
    assert submission
    return UvEnvironments(engine.workspace.root / "environments").interpreter(submission.environment.key)


def start_by_hand(python: Path, module: str, *arguments: str, folder: Path, **variables: str) -> Script:
    """Start a training script in a folder, which is created."""
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [python, "-m", module, *arguments],
        cwd=folder,
        # Threads that wait for each other take long on a busy machine.
        env={**os.environ, "PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_by_hand(
    python: Path, module: str, *arguments: str, folder: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a training script in a folder, which is created, to its end."""
    with start_by_hand(python, module, *arguments, folder=folder, **variables) as script:
        output, errors = script.communicate(timeout=250)
    return subprocess.CompletedProcess(script.args, script.returncode, output, errors)


def error_of(result: subprocess.CompletedProcess[str]) -> str:
    """Return the only line of an error that the user can correct."""
    assert result.returncode == 2, result.stdout + result.stderr
    (line,) = result.stderr.splitlines()
    return line
