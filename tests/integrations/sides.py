"""The two sides of a comparison: a script run by hand against MLflow's own store, and the same one under dressage."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.integrations.canonical import Held, canonical
from tests.integrations.shown import held_by_dressage

HERE = Path(__file__).parent
EXPERIMENT = "script"  # what dressage calls the experiment of a script that names none
STORE = "mlflow.db"
OWN_STORE = "own.db"  # where a script that chooses its own store keeps it, in its working directory
ONE_CPU = {
    "CUDA_VISIBLE_DEVICES": "",
    "HF_HUB_OFFLINE": "1",
    "KERAS_BACKEND": "jax",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "OMP_NUM_THREADS": "1",  # sums in one order: the same numbers on both sides
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a script ended and what is held of it. said: its output; shown: `runs show -o json`, under dressage."""

    code: int
    said: str
    held: Held
    shown: Held

    @property
    def aspects(self) -> dict[str, Any]:
        return canonical(self.held)


def run_by_hand(python: Path, script: str, folder: Path) -> Outcome:
    """Run the script as its user would, against a SQLite store in its folder."""
    place = copy_of(script, folder)
    variables = {"MLFLOW_TRACKING_URI": address_of(folder / STORE), "MLFLOW_EXPERIMENT_NAME": EXPERIMENT}
    told = run([python, place.name], folder, variables)
    own = folder / OWN_STORE
    held = dump(python, own if own.exists() else folder / STORE)
    return Outcome(code=told.returncode, said=told.stdout + told.stderr, held=held, shown={})


def run_by_dressage(python: Path, script: str, folder: Path) -> Outcome:
    """Run the script with `dressage run`, in the same environment."""
    place = copy_of(script, folder / "source")
    ask = partial(dressage, python, folder)
    told = ask("run", f"./{place.relative_to(folder)}", "-o", "json")
    said = told.stdout + told.stderr + ask("runs", "logs", "latest").stdout
    held = held_by_dressage(ask, folder)
    shown = held["shown"]
    own = folder / ".dressage" / "runs" / shown["run_id"] / "work" / OWN_STORE
    return Outcome(
        code=told.returncode, said=said, held=dump(python, own) if own.exists() else held, shown=shown
    )


def copy_of(script: str, folder: Path) -> Path:
    """The script alone in a folder, so that none of its neighbours is importable."""
    folder.mkdir(parents=True)
    return Path(shutil.copy(HERE / "scripts" / f"{script}.py", folder))


def dump(python: Path, store: Path) -> Held:
    told = run([python, HERE / "dump.py", address_of(store)], store.parent, {})
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def address_of(store: Path) -> str:
    return f"sqlite:///{store}"


def dressage(python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line, with the scripts' environment as the active one."""
    command = [sys.executable, "-m", "dressage.cli.main", *arguments]
    return run(command, folder, {"VIRTUAL_ENV": str(python.parent.parent)})


def run(command: Sequence[Any], folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    inherited = {
        k: v for k, v in os.environ.items() if not k.startswith(("DRESSAGE_", "MLFLOW_", "VIRTUAL_ENV"))
    }
    return subprocess.run(
        command,
        cwd=folder,
        env=inherited | ONE_CPU | variables,
        capture_output=True,
        text=True,
        timeout=900,
    )
