"""A worker's environment: uv builds it from a lock on first use, and all workspaces of the user share it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from dressage.environments.uv import binary, environment_of
from dressage.errors import StageError
from dressage.files.digests import digest_of
from dressage.files.locks import FileLock
from dressage.files.permissions import lenient_umask

PYTHONS = ("3.11", "3.12", "3.13")


def interpreter(name: str, lock: Path, pythons: Sequence[str] = PYTHONS) -> Path:
    """Return the Python of the environment that the lock describes; build the environment if it does not exist.

    pythons: the versions that the lock is for, "3.11"; ours is used if it is among them, else the first.
    Raises StageError with uv's errors if it cannot be built.
    """
    version = _choose_python(pythons)
    folder = worker_folder() / f"{name}-{digest_of([lock.read_text(), version])[:16]}"
    ready = folder / "bin" / "python"
    if not (folder / "ready").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")) as building:
            if not (folder / "ready").exists():
                _build(name, lock, version, folder, building.descriptor)
    return ready


def worker_folder() -> Path:
    """Return the user's own folder for workers: of their environments, and of logs while there is no workspace."""
    from platformdirs import user_cache_path

    return user_cache_path("dressage") / "workers"


def _choose_python(pythons: Sequence[str]) -> str:
    ours = "{}.{}".format(*sys.version_info[:2])
    return str(getattr(sys, "_base_executable", sys.executable)) if ours in pythons else pythons[0]


def _build(name: str, lock: Path, python: str, folder: Path, lock_descriptor: int) -> None:
    """Build the environment at its final path, which its scripts contain; the file `ready` marks it as complete.

    lock_descriptor: of the build lock. uv inherits it, because uv continues to write if this process is killed.
    """
    if sys.stderr.isatty():
        sys.stderr.write(f"building the environment of worker {name!r}; this takes a while the first time\n")
    shutil.rmtree(folder, ignore_errors=True)
    _run_uv(name, lock_descriptor, "venv", "--no-project", "--python", python, str(folder))
    _run_uv(
        name,
        lock_descriptor,
        *("pip", "install", "--require-hashes", "--no-deps", "--compile-bytecode"),
        *("--python", str(folder / "bin" / "python"), "--requirements", str(lock)),
    )
    (folder / "ready").touch()


def _run_uv(name: str, lock_descriptor: int, *arguments: str) -> None:
    completed = subprocess.run(
        [binary(), "--quiet", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=environment_of(os.environ),
        cwd=os.sep,
        umask=lenient_umask(),
        pass_fds=(lock_descriptor,),
    )
    if completed.returncode:
        errors = " ".join(completed.stderr.split())
        raise StageError(
            "environment",
            f"the environment of worker {name!r} could not be built: {errors}; check the network and run the command"
            " again",
        )
