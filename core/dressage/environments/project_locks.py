"""The exact packages of a project: from its uv.lock, or resolved from its pyproject.toml."""

import re
from collections.abc import Iterator
from pathlib import Path

from dressage.environments.build_folders import BuildFolder
from dressage.environments.hashes import split_entries
from dressage.environments.projects import explicit_indexes, write_files, write_script
from dressage.environments.uv_process import Uv
from dressage.platforms.protocols import Progress
from dressage.specs.environments import Project

_PLAIN = ("--no-header", "--no-annotate")


def lock_project(
    project: Project, place: BuildFolder, uv: Uv, progress: Progress, python: str, *, refresh: bool
) -> str:
    """Return the lock of the project's dependencies, without local projects. Raises StageError.

    refresh: ask the index for new versions instead of using uv's cache; a uv.lock stays as it is.
    """
    folder = write_files(project, _root(place))
    if project.lock is not None:
        progress("reading uv.lock", 0, None)
        arguments = [*export_arguments(project, folder), "--python", python]
        lock = uv.run("reading its uv.lock", "export", *arguments)
    else:
        progress("resolving packages", 0, None)
        file = str(folder / "pyproject.toml")
        words = [word for extra in project.extras for word in ("--extra", extra)]
        words += [word for group in project.groups for word in ("--group", f"{file}:{group}")]
        words += ["--generate-hashes", *_PLAIN, *(["--refresh"] if refresh else [])]
        arguments = [file, "--project", str(folder), "--python", python, *words]
        lock = uv.run("resolving its packages", "pip", "compile", *arguments)
    return "".join(without_local_projects(lock, _root(place)))


def export_arguments(project: Project, folder: Path) -> list[str]:
    """Return the arguments of `uv export` that read the lock. folder: where the project's files were written."""
    words = [word for extra in project.extras for word in ("--extra", extra)]
    script = write_script(project, folder)
    if script:
        words += ["--script", str(script)]
    else:
        words += [word for group in project.groups for word in ("--group", group)]
        words += ["--no-emit-project", "--no-default-groups"]
    return ["--frozen", "--project", str(folder), *words, *_PLAIN]


def index_arguments(project: Project, place: BuildFolder) -> list[str]:
    """Return uv's arguments for the project's indexes. The versions are exact, so any index may be used for each."""
    folder = write_files(project, _root(place))
    indexes = [word for index in explicit_indexes(project) for word in ("--index", index)]
    strategy = ["--index-strategy", "unsafe-best-match"] if indexes else []
    return ["--project", str(folder), *indexes, *strategy]


def _root(place: BuildFolder) -> Path:
    return place.folder / "project"


def without_local_projects(lock: str, root: Path) -> Iterator[str]:
    """Yield the entries of a lock, except those of projects below `root`."""
    for entry in split_entries(lock):
        if not re.match(r"-|\.\.?/|file:", entry) and root.as_uri() not in entry.partition("\n")[0]:
            yield entry
