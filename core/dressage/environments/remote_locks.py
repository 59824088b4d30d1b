"""Exact packages for a machine that builds an environment with pip and nothing else, such as a cloud's image builder.

pip reads no uv.lock and no [tool.uv], and a conda specification has no place for constraints: uv resolves them here.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from dressage.environments.hashes import split_entries
from dressage.environments.limited_indexes import write_inputs
from dressage.environments.package_sources import PackageSources
from dressage.environments.parsing import parse
from dressage.environments.project_locks import export_arguments, without_local_projects
from dressage.environments.projects import index_options, write_files
from dressage.environments.specification import Specification
from dressage.environments.uv_process import Uv
from dressage.platforms.protocols import Progress
from dressage.specs.environments import Environment, Project

_PLATFORM = "x86_64-unknown-linux-gnu"


def lock_for_linux(
    environment: Environment,
    python: str,
    log: Path,
    progress: Progress,
    sources: PackageSources,
) -> tuple[str, ...]:
    """Return the lines of a requirements.txt with the exact packages for Linux on x86-64, without hashes.

    The environment has a project or requirements. python: its version, "3.12". log: the file that uv's output is
    added to. sources: those that the environment names; the lines have the addresses of their indexes. Raises
    SpecError for a malformed text, StageError if uv fails.
    """
    specification = parse(environment)
    uv = Uv(name=environment.name, log=log, own_index=specification.names_its_index, sources=sources)
    indexes = [f"--extra-index-url {address}" for address in sources.indexes.values()]
    progress("resolving packages", 0, None)
    with tempfile.TemporaryDirectory(prefix="dressage-") as folder:
        if environment.project is None:
            return (*indexes, *specification.options, *_compile(specification, Path(folder), uv, python))
        return (
            *indexes,
            *index_options(environment.project),
            *_lock(environment.project, Path(folder), uv, python),
        )


def newest_python(environment: Environment) -> str | None:
    """Return the newest Python that the project allows, "3.12"; None if any is allowed. Raises SpecError."""
    allowed = parse(environment).python
    minors = [minor for minor in range(30) if any(allowed.allows((3, minor, patch)) for patch in range(30))]
    if not allowed.clauses or not minors:
        return None
    return f"3.{min(max(minors), _NEWEST)}"


_NEWEST = 13
"""The newest minor version of Python 3 to choose, if later ones are allowed."""


def _lock(project: Project, root: Path, uv: Uv, python: str) -> Sequence[str]:
    folder = write_files(project, root)
    if project.lock is not None:
        arguments = ["export", "--no-hashes", *export_arguments(project, folder)]
    else:
        file = str(folder / "pyproject.toml")
        words = [word for extra in project.extras for word in ("--extra", extra)]
        words += [word for group in project.groups for word in ("--group", f"{file}:{group}")]
        target = ["--python-version", python, "--python-platform", _PLATFORM]
        arguments = [
            "pip",
            "compile",
            file,
            "--project",
            str(folder),
            *target,
            *words,
            "--no-header",
            "--no-annotate",
        ]
    lock = uv.run("resolving its packages", *arguments)
    return [entry.strip() for entry in without_local_projects(lock, root)]


def _compile(specification: Specification, folder: Path, uv: Uv, python: str) -> Sequence[str]:
    constraints = folder / "constraints.txt"
    options = [option for option in specification.options if option not in ("--pre", "--require-hashes")]
    wanted = write_inputs(folder, specification.requirements, options, uv.sources)
    constraints.write_text("\n".join(specification.constraints) + "\n")
    target = ["--python-version", python, "--python-platform", _PLATFORM]
    pre = ["--prerelease", "allow"] if "--pre" in specification.options else []
    files = [*wanted, "--constraints", str(constraints)]
    lock = uv.run(
        "resolving its packages", "pip", "compile", *files, *target, *pre, "--no-header", "--no-annotate"
    )
    return [entry.strip() for entry in split_entries(lock) if not entry.startswith("-")]
