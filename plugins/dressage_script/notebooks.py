"""What executes a notebook: papermill, in the environment of the script."""

import json
import re
from pathlib import Path

from msgspec.structs import replace

from dressage import SettingsError
from dressage.environments.active_interpreter import active_interpreter
from dressage.environments.interpreters import read_interpreter
from dressage_script.packages import Packages

PROGRAM = "papermill"
_NEEDS = (PROGRAM, "ipykernel")


def check_notebook(given: str, path: Path) -> None:
    """Raise SettingsError if a file is not JSON: before an environment is built for it."""
    try:
        json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"notebook {given!r} is damaged: {error}; save it again in Jupyter") from error


def add_program(packages: Packages) -> Packages:
    """Return the packages with what executes a notebook. Raises SettingsError if an existing environment lacks it."""
    if packages.conda is not None or packages.requirements is not None:
        text = f"{packages.conda or ''}\n{packages.requirements or ''}".lower()
        missing = [name for name in _NEEDS if not re.search(rf"\b{name}\b", text)]
        lines = "".join(f"{name}\n" for name in missing)
        return replace(packages, requirements=f"{packages.requirements or ''}{lines}") if lines else packages
    if packages.project is None:
        _check_installed(packages.interpreter)
    return packages


def _check_installed(folder: Path | None) -> None:
    interpreter = (read_interpreter(folder) if folder else None) or active_interpreter()
    installed = {name.partition("-")[0].lower() for name, _ in interpreter.distributions()}
    if missing := [name for name in _NEEDS if name not in installed]:
        raise SettingsError(
            f"a notebook needs {' and '.join(missing)}, which {str(interpreter.executable)!r} does not have; install"
            f" them there (pip install {' '.join(missing)}), or name packages with -r FILE or --conda FILE"
        )
