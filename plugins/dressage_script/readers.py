"""Reads packages from the files in which people list them."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from msgspec import structs

from dressage.environments.description_files import (
    PackageList,
    ProjectReference,
    read_conda_file,
    read_requirements_file,
)
from dressage.environments.local_projects import read_project, read_pyproject
from dressage.environments.project_files import (
    FoundProject,
    read_inline_metadata,
    read_project_files,
    read_script_project,
)
from dressage_script.packages import LocalBuild, Packages


def read_requirements(path: Path) -> Packages:
    """Read a requirements.txt. Raises SpecError."""
    return _listed(Packages(name=path.stem), read_requirements_file(path))


def read_conda(path: Path) -> Packages:
    """Read a conda specification. Raises SpecError."""
    text, found = read_conda_file(path)
    packages = _listed(Packages(name=path.stem, conda=text), found)
    return packages if packages.requirements else structs.replace(packages, requirements=None)


def read_inline(script: Path) -> Packages | None:
    """Read the inline metadata of a script (PEP 723); None if it has none. Raises SpecError."""
    metadata = read_inline_metadata(script)
    if metadata is None:
        return None
    return _projects(script.stem, read_script_project(script, metadata))


def read_pyproject_file(folder: Path, root: Path, extras: Iterable[str], groups: Iterable[str]) -> Packages:
    """Read the pyproject.toml in a folder. root: a workspace is looked for up to there. Raises SpecError."""
    content = read_pyproject(folder)
    name = content.get("project", {}).get("name") or folder.name
    local = read_project(folder, extras)
    if local.reason and not content.get("project", {}).get("dependencies"):
        return Packages(
            name=name, requirements="", builds=(LocalBuild(folder, local.reason, tuple(extras)),)
        )  # it says what it requires once it is built
    found = read_project_files(folder, root)
    chosen = tuple(dict.fromkeys((*_default_groups(content, found.project.lock), *groups)))
    project = replace(found.project, extras=tuple(extras), groups=chosen)
    return _projects(name, replace(found, project=project))


def _projects(name: str, found: FoundProject) -> Packages:
    """Return the packages of a project. A project without a build system is not imported from elsewhere."""
    folders = [folder for folder in found.folders if "build-system" in read_pyproject(folder)]
    locals_ = {folder: read_project(folder) for folder in folders}
    return Packages(
        name=name,
        project=found.project,
        sources=tuple(folder / one.source for folder, one in locals_.items() if not one.reason),
        builds=tuple(LocalBuild(folder, one.reason) for folder, one in locals_.items() if one.reason),
    )


def _default_groups(content: dict[str, Any], lock: str | None) -> tuple[str, ...]:
    """Return the dependency groups that `uv run` installs: the group dev, unless the project says otherwise."""
    uv, groups = content.get("tool", {}).get("uv"), content.get("dependency-groups", {})
    if uv is None and lock is None:
        return ()
    known = [*groups, *(["dev"] if "dev-dependencies" in (uv or {}) else [])]
    chosen = (uv or {}).get("default-groups", ["dev"])
    return tuple(known if chosen == "all" else [name for name in chosen if name in known])


def _listed(packages: Packages, found: PackageList) -> Packages:
    """Add what a list of packages contains. Of local projects that are not built, the dependencies are added."""
    lines, sources, builds = [*found.requirements], list[Path](), list[LocalBuild]()
    for reference in _merged(found.projects):
        local = read_project(reference.folder, reference.extras)
        if local.reason:
            builds.append(LocalBuild(reference.folder, local.reason, reference.extras))
            continue
        sources.append(reference.folder / local.source)
        lines += local.requirements
    constraints = "".join(f"{line}\n" for line in found.constraints)
    return structs.replace(
        packages,
        requirements="".join(f"{line}\n" for line in lines),
        constraints=constraints or None,
        sources=tuple(sources),
        builds=tuple(builds),
    )


def _merged(references: Iterable[ProjectReference]) -> list[ProjectReference]:
    """Return one reference per folder, with the extras of all."""
    extras: dict[Path, tuple[str, ...]] = {}
    for reference in references:
        extras[reference.folder] = tuple(
            dict.fromkeys((*extras.get(reference.folder, ()), *reference.extras))
        )
    return [ProjectReference(folder, names) for folder, names in extras.items()]
