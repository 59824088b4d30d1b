"""The uv program, which resolves and builds environments: its path, and its environment variables."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from dressage.errors import StageError

_FROM_PIP = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_CERT": "SSL_CERT_FILE",
}
_OLD_NAMES = {"UV_DEFAULT_INDEX": "UV_INDEX_URL", "UV_INDEX": "UV_EXTRA_INDEX_URL"}
_REMOVED = frozenset(
    {
        *("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__"),
        *("PYTHONPYCACHEPREFIX", "PYTHONOPTIMIZE"),  # bytecode must be written beside its source
        *("UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_PROJECT", "UV_WORKING_DIR", "FORCE_COLOR", "CLICOLOR_FORCE"),
    }
)


def binary() -> str:
    """Return the path of uv: the installed package's, or the one on the PATH. Raises StageError if uv is missing."""
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError) as error:
        found = shutil.which("uv")
        if found is None:
            raise StageError(
                "environment", "uv was not found; install it with `python -m pip install uv`"
            ) from error
        return found


def environment_of(ours: Mapping[str, str], *, own_index: bool = False) -> dict[str, str]:
    """Return uv's environment variables: ours without the active environment, and pip's indexes under uv's names.

    own_index: whether the requirements name their index. In pip such an index replaces PIP_INDEX_URL, but in uv it
    does not replace UV_DEFAULT_INDEX.
    """
    theirs = {name: value for name, value in ours.items() if name not in _REMOVED}
    for pip, uv in _FROM_PIP.items():
        if own_index and pip == "PIP_INDEX_URL":
            continue
        if pip in ours and uv not in ours and _OLD_NAMES.get(uv) not in ours:
            theirs[uv] = ours[pip]
    return theirs | {
        "PATH": _without_shims(ours.get("PATH", os.defpath)),
        "NO_COLOR": "1",
        "UV_NO_PROGRESS": "1",
    }


def _without_shims(path: str) -> str:
    """Replace pyenv's shims by the versions' folders: shims fail for versions that are not selected."""
    folders: list[str] = []
    for folder in path.split(os.pathsep):
        versions = Path(folder).parent / "versions"
        if Path(folder).name == "shims" and versions.is_dir():
            folders += [str(found) for found in sorted(versions.glob("*/bin"))]
        else:
            folders.append(folder)
    return os.pathsep.join(folders)
