"""uv, which resolves and builds environments: where it is, and what its process inherits from ours."""

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
_SCRUBBED = frozenset(
    {
        *("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__"),
        *("PYTHONPYCACHEPREFIX", "PYTHONOPTIMIZE"),  # bytecode belongs beside what it is compiled from
        *("UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_PROJECT", "UV_WORKING_DIR", "FORCE_COLOR", "CLICOLOR_FORCE"),
    }
)


def binary() -> str:
    """Where uv is: beside us as a package, or on the PATH."""
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError) as error:
        found = shutil.which("uv")
        if found is None:
            raise StageError("environment", "uv was not found; `python -m pip install uv`") from error
        return found


def environment_of(ours: Mapping[str, str], *, own_index: bool = False) -> dict[str, str]:
    """What uv's process inherits: pip's indexes under uv's names, nothing of the active environment.

    To pip, an index in a requirements file goes before PIP_INDEX_URL; to uv, not before UV_DEFAULT_INDEX.
    """
    theirs = {name: value for name, value in ours.items() if name not in _SCRUBBED}
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
    """pyenv's shims fail for versions that are installed but not selected; uv is shown the versions themselves."""
    folders: list[str] = []
    for folder in path.split(os.pathsep):
        versions = Path(folder).parent / "versions"
        if Path(folder).name == "shims" and versions.is_dir():
            folders += [str(found) for found in sorted(versions.glob("*/bin"))]
        else:
            folders.append(folder)
    return os.pathsep.join(folders)
