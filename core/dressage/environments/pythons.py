"""The Python for an environment: the one that runs dressage if it fits, else one that uv finds or downloads."""

import sys
from pathlib import Path

from dressage.environments.failures import summarize
from dressage.environments.records import Python
from dressage.environments.signatures import signature_of
from dressage.environments.uv_process import Uv
from dressage.environments.versions import VersionRequirement
from dressage.errors import StageError
from dressage.platforms.protocols import Progress

OLDEST = (3, 8)
"""The oldest Python that uv supports and downloads."""


def check_possible(name: str, requirement: VersionRequirement) -> None:
    """Raises StageError if no supported Python version meets the requirement."""
    lows = [bound for operator, bound in requirement.clauses if operator in (">", ">=")]
    majors = {OLDEST[0], *(bound[0] for bound in lows)}
    candidates = ((major, minor, patch) for major in majors for minor in range(100) for patch in range(40))
    if not any(version >= OLDEST and requirement.allows(version) for version in candidates):
        raise StageError(
            "environment",
            f"environment {name!r} cannot be built on this machine: it requires Python {requirement}, but only"
            f" {'.'.join(map(str, OLDEST))} and later are supported; require a later Python,"
            " or choose a platform that builds images with --on",
        )


def find(requirement: VersionRequirement, uv: Uv, progress: Progress) -> Python:
    """Return an interpreter that meets the requirement. Raises StageError if none can be found or downloaded."""
    check_possible(uv.name, requirement)
    ours = sys.version_info[:3]
    if sys.implementation.name == "cpython" and requirement.allows(ours):
        # The base interpreter, because the current virtual environment may be deleted later.
        return _python(
            "{}.{}.{}".format(*ours), Path(getattr(sys, "_base_executable", None) or sys.executable)
        )
    wanted = str(requirement) or "cpython"
    progress(f"finding Python {wanted}", 0, None)
    code, found, _ = uv.attempt("python", "find", "--no-project", wanted)
    if code != 0:
        _download(wanted, uv, progress)
        found = uv.run(f"finding Python {wanted}", "python", "find", "--no-project", wanted)
    version = uv.run("finding its version", "python", "find", "--show-version", found.strip())
    return _python(version.strip(), Path(found.strip()))


def _download(wanted: str, uv: Uv, progress: Progress) -> None:
    progress(f"downloading Python {wanted}", 0, None)
    code, _, errors = uv.attempt("python", "install", "--no-bin", wanted)
    if code != 0:
        ours = "{}.{}".format(*sys.version_info[:2])
        raise StageError(
            "environment",
            f"environment {uv.name!r} cannot be built on this machine: it requires Python {wanted}, which is"
            f" not installed and could not be downloaded ({summarize(errors)}); install that Python, require"
            f" {ours}, which is installed, or choose a platform that builds images with --on",
        )


def _python(version: str, executable: Path) -> Python:
    return Python(version=version, executable=executable, signature=signature_of(executable))
