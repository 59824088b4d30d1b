"""Types of fixtures that are functions."""

from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import IO, Any, Protocol


class Dressage(Protocol):
    """Runs a command line in the project's folder, without a terminal. Streams are as in `subprocess.run`."""

    def __call__(
        self,
        *arguments: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: int | None = None,
        stdout: int | IO[Any] = ...,
        stderr: int | IO[Any] = ...,
    ) -> CompletedProcess[str]: ...


class WriteScript(Protocol):
    """Writes a training script to a separate folder and returns its path."""

    def __call__(self, text: str, name: str = "train.py") -> Path: ...


class BuildPython(Protocol):
    """Builds a recipe's environment for a CPU, once for these settings, and returns its interpreter."""

    def __call__(self, recipe: str, **settings: str) -> Path: ...
