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

from tests.integrations.canonical import Content, canonical
from tests.integrations.shown import dump_dressage

HERE = Path(__file__).parent
EXPERIMENT = "script"  # dressage's experiment for scripts that name none
STORE = "mlflow.db"
OWN_STORE = "own.db"  # the store of a script that chooses its own, in its working directory
ONE_CPU = {
    "CUDA_VISIBLE_DEVICES": "",
    "HF_HUB_OFFLINE": "1",
    "KERAS_BACKEND": "jax",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "OMP_NUM_THREADS": "1",  # the same order of sums, and so the same numbers, on both sides
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a script ended, and what is stored of it. shown: `runs show -o json`, with dressage only."""

    code: int
    output: str
    content: Content
    shown: Content

    @property
    def aspects(self) -> dict[str, Any]:
        return canonical(self.content)


def run_with_mlflow(python: Path, script: str, folder: Path) -> Outcome:
    """Run the script without dressage, with a SQLite store in its folder."""
    place = copy_of(script, folder)
    variables = {"MLFLOW_TRACKING_URI": address_of(folder / STORE), "MLFLOW_EXPERIMENT_NAME": EXPERIMENT}
    result = run([python, place.name], folder, variables)
    own = folder / OWN_STORE
    content = dump_store(python, own if own.exists() else folder / STORE)
    return Outcome(code=result.returncode, output=result.stdout + result.stderr, content=content, shown={})


def run_with_dressage(python: Path, script: str, folder: Path) -> Outcome:
    """Run the script with `dressage run`, in the same environment."""
    place = copy_of(script, folder / "source")
    call = partial(dressage, python, folder)
    result = call("run", f"./{place.relative_to(folder)}", "-o", "json")
    output = result.stdout + result.stderr + call("runs", "logs", "latest").stdout
    content = dump_dressage(call, folder)
    shown = content["shown"]
    own = folder / ".dressage" / "runs" / shown["run_id"] / "work" / OWN_STORE
    return Outcome(
        code=result.returncode,
        output=output,
        content=dump_store(python, own) if own.exists() else content,
        shown=shown,
    )


def copy_of(script: str, folder: Path) -> Path:
    """Copy the script alone to a folder: it must not be able to import its neighbours."""
    folder.mkdir(parents=True)
    return Path(shutil.copy(HERE / "scripts" / f"{script}.py", folder))


def dump_store(python: Path, store: Path) -> Content:
    result = run([python, HERE / "dump.py", address_of(store)], store.parent, {})
    assert result.returncode == 0, result.stderr
    content: Content = json.loads(result.stdout)
    return content


def address_of(store: Path) -> str:
    return f"sqlite:///{store}"


def dressage(python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command line of dressage with the scripts' environment as the active one."""
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
