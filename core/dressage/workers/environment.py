"""A worker's environment: built by uv from a lock on first use, and shared by all workspaces of the user."""

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

PYTHONS = ("3.11", "3.12", "3.13")


def interpreter(name: str, lock: Path, pythons: Sequence[str] = PYTHONS) -> Path:
    """The Python of the environment that the lock describes; built if it is not there.

    pythons: the versions that the lock is for, "3.11"; ours is taken if it is among them, else the first.
    Raises StageError if it cannot be built, with uv's last words.
    """
    version = _chosen(pythons)
    folder = _root() / f"{name}-{digest_of([lock.read_text(), version])[:16]}"
    ready = folder / "bin" / "python"
    if not (folder / "ready").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")) as building:
            if not (folder / "ready").exists():
                _build(name, lock, version, folder, building.descriptor)
    return ready


def _root() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("dressage") / "workers"


def _chosen(pythons: Sequence[str]) -> str:
    ours = "{}.{}".format(*sys.version_info[:2])
    return str(getattr(sys, "_base_executable", sys.executable)) if ours in pythons else pythons[0]


def _build(name: str, lock: Path, python: str, folder: Path, holding: int) -> None:
    """In its place, since scripts in it hold its path; the file `ready` says that it is whole.

    holding: the lock's descriptor, which uv keeps open too: should we be killed, it goes on writing for a while.
    """
    if sys.stderr.isatty():
        sys.stderr.write(f"building the environment of worker {name!r}; this takes a while, once\n")
    shutil.rmtree(folder, ignore_errors=True)
    _uv(name, holding, "venv", "--no-project", "--python", python, str(folder))
    _uv(
        name,
        holding,
        *("pip", "install", "--require-hashes", "--no-deps", "--compile-bytecode"),
        *("--python", str(folder / "bin" / "python"), "--requirements", str(lock)),
    )
    (folder / "ready").touch()


def _uv(name: str, holding: int, *arguments: str) -> None:
    told = subprocess.run(
        [binary(), "--quiet", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=environment_of(os.environ),
        cwd=os.sep,
        pass_fds=(holding,),
    )
    if told.returncode:
        words = " ".join(told.stderr.split())
        raise StageError(
            "environment",
            f"the environment of worker {name!r} could not be built: {words}; check the network and run it again",
        )
