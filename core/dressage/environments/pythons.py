"""Which Python an environment is built on: the one that runs us if it fits, else what uv finds or downloads."""

import sys
from pathlib import Path

from dressage.environments.failures import essence
from dressage.environments.records import Python
from dressage.environments.signatures import signature_of
from dressage.environments.uv_process import Uv
from dressage.environments.versions import VersionRequirement
from dressage.errors import StageError
from dressage.platforms.protocols import Progress

OLDEST = (3, 8)
"""Earlier ones get neither builds nor support from uv."""


def check_possible(name: str, requirement: VersionRequirement) -> None:
    """Raises StageError if no Python that can be built with here could meet the requirement."""
    lows = [bound for operator, bound in requirement.clauses if operator in (">", ">=")]
    majors = {OLDEST[0], *(bound[0] for bound in lows)}
    candidates = ((major, minor, patch) for major in majors for minor in range(100) for patch in range(40))
    if not any(version >= OLDEST and requirement.allows(version) for version in candidates):
        raise StageError(
            "environment",
            f"environment {name!r} cannot be built on this machine: it asks for Python {requirement}, and only"
            f" {'.'.join(map(str, OLDEST))} and later can be built here; ask for a later Python,"
            " or choose a platform that builds images with --on",
        )


def find(requirement: VersionRequirement, uv: Uv, progress: Progress) -> Python:
    """Raises StageError if there is none and none can be had."""
    check_possible(uv.name, requirement)
    ours = sys.version_info[:3]
    if sys.implementation.name == "cpython" and requirement.allows(ours):
        # The base interpreter: the virtual environment around us may be gone tomorrow.
        return _python(
            "{}.{}.{}".format(*ours), Path(getattr(sys, "_base_executable", None) or sys.executable)
        )
    asked = str(requirement) or "cpython"
    progress(f"finding Python {asked}", 0, None)
    code, found, _ = uv.attempt("python", "find", "--no-project", asked)
    if code != 0:
        _download(asked, uv, progress)
        found = uv.run(f"finding Python {asked}", "python", "find", "--no-project", asked)
    version = uv.run("asking for its version", "python", "find", "--show-version", found.strip())
    return _python(version.strip(), Path(found.strip()))


def _download(asked: str, uv: Uv, progress: Progress) -> None:
    progress(f"downloading Python {asked}", 0, None)
    code, _, errors = uv.attempt("python", "install", "--no-bin", asked)
    if code != 0:
        ours = "{}.{}".format(*sys.version_info[:2])
        raise StageError(
            "environment",
            f"environment {uv.name!r} cannot be built on this machine: it asks for Python {asked}, which is"
            f" not here and could not be downloaded ({essence(errors)}); install that Python, ask for"
            f" {ours}, which is here, or choose a platform that builds images with --on",
        )


def _python(version: str, executable: Path) -> Python:
    return Python(version=version, executable=executable, signature=signature_of(executable))
