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


def lock_project(
    project: Project, place: BuildFolder, uv: Uv, progress: Progress, python: str, *, refresh: bool
) -> str:
    """Return the lock of the project's dependencies, without local projects. Raises StageError.

    refresh: ask the index for new versions instead of using uv's cache; a uv.lock stays as it is.
    """
    folder = write_files(project, _root(place))
    plain = ["--project", str(folder), "--python", python, "--no-header", "--no-annotate"]
    plain += [word for extra in project.extras for word in ("--extra", extra)]
    if project.lock is not None:
        progress("reading uv.lock", 0, None)
        groups = [word for group in project.groups for word in ("--group", group)]
        script = write_script(project, folder)
        which = ["--script", str(script)] if script else ["--no-emit-project", "--no-default-groups", *groups]
        options = ["--frozen", *which]
        lock = uv.run("reading its uv.lock", "export", *options, *plain)
    else:
        progress("resolving packages", 0, None)
        file = str(folder / "pyproject.toml")
        groups = [word for group in project.groups for word in ("--group", f"{file}:{group}")]
        options = [file, "--generate-hashes", *groups, *(["--refresh"] if refresh else [])]
        lock = uv.run("resolving its packages", "pip", "compile", *options, *plain)
    return "".join(_without_local_projects(lock, _root(place)))


def index_arguments(project: Project, place: BuildFolder) -> list[str]:
    """Return uv's arguments for the project's indexes. The versions are exact, so any index may be used for each."""
    folder = write_files(project, _root(place))
    indexes = [word for index in explicit_indexes(project) for word in ("--index", index)]
    strategy = ["--index-strategy", "unsafe-best-match"] if indexes else []
    return ["--project", str(folder), *indexes, *strategy]


def _root(place: BuildFolder) -> Path:
    return place.folder / "project"


def _without_local_projects(lock: str, root: Path) -> Iterator[str]:
    for entry in split_entries(lock):
        if not re.match(r"-|\.\.?/|file:", entry) and root.as_uri() not in entry.partition("\n")[0]:
            yield entry
