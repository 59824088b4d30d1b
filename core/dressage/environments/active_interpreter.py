"""The active Python interpreter: the active environment's Python, else the one that runs dressage."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from dressage.environments.interpreters import Interpreter, read_interpreter

_OVERLAY = "_uv_ephemeral_overlay.pth"
"""The mark of the environment of `uv run --with`, which uv removes when the command ends."""


def active_interpreter() -> Interpreter:
    """Return the interpreter of the active virtual or conda environment, else the one that runs dressage."""
    active = os.environ.get("VIRTUAL_ENV")
    if active and not _is_temporary(Path(active)):
        found = read_interpreter(Path(active).absolute())
        return found or _current(f"VIRTUAL_ENV is {active!r}, which is not a virtual environment")
    folder = active_environment(os.environ)
    return (read_interpreter(folder) if folder else None) or _current(None)


def active_environment(environ: Mapping[str, str]) -> Path | None:
    """Return the folder of the environment that the user's shell has activated, or None.

    VIRTUAL_ENV, else CONDA_PREFIX. The environment of `uv run --with` is not one, because it is removed when the
    command ends; nor is conda's base environment, which new shells activate by themselves (see `base_environment`).
    """
    active = environ.get("VIRTUAL_ENV")
    if active and not _is_temporary(Path(active)) and read_interpreter(Path(active).absolute()):
        return Path(active).absolute()
    return None if _is_base(environ) else _conda(environ)


def base_environment(environ: Mapping[str, str]) -> Path | None:
    """Return the folder of conda's base environment if it is activated, or None."""
    return _conda(environ) if _is_base(environ) else None


def _conda(environ: Mapping[str, str]) -> Path | None:
    prefix = environ.get("CONDA_PREFIX")
    return Path(prefix).absolute() if prefix and read_interpreter(Path(prefix).absolute()) else None


def _is_base(environ: Mapping[str, str]) -> bool:
    return environ.get("CONDA_DEFAULT_ENV") in ("base", "root")


def _is_temporary(folder: Path) -> bool:
    return any(folder.glob(f"lib/python3*/site-packages/{_OVERLAY}"))


def _current(notice: str | None) -> Interpreter:
    """Return the interpreter that runs dressage."""
    is_virtual = sys.prefix != sys.base_prefix
    found = read_interpreter(Path(sys.prefix)) if is_virtual else None
    if found:
        return replace(found, notice=notice)
    return Interpreter(
        executable=Path(sys.executable),
        version="{}.{}.{}".format(*sys.version_info[:3]),
        site_packages=tuple(
            Path(path) for path in sys.path if path.endswith(("site-packages", "dist-packages"))
        ),
        notice=notice,
    )
