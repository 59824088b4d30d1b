"""Reads a project's dependencies from its folder: pyproject.toml, uv.lock, and the local projects they refer to."""

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dressage.environments.description_files import read_text
from dressage.environments.hashes import normalize
from dressage.environments.local_projects import LocalProject, read_project, read_pyproject
from dressage.environments.poetry import to_versions
from dressage.errors import SpecError
from dressage.files.toml import read_toml
from dressage.specs.environments import Project

_BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundProject:
    """project: the dependencies. folders: of the project itself, and of the local projects among its dependencies."""

    project: Project
    folders: tuple[Path, ...]


def read_inline_metadata(script: Path) -> str | None:
    """Return the inline metadata (PEP 723) of a script, or None. Raises SpecError if there are several blocks."""
    content = script.read_bytes()
    if b"# /// script" not in content:
        return None
    blocks = [
        match["content"]
        for match in _BLOCK.finditer(content.decode("utf-8", errors="replace").replace("\r\n", "\n"))
        if match["type"] == "script"
    ]
    if len(blocks) > 1:
        raise SpecError(f"script {str(script)!r} has several '# /// script' blocks; keep one")
    lines = blocks[0].splitlines() if blocks else []
    return (
        "".join(f"{line[2:] if line.startswith('# ') else line[1:]}\n" for line in lines) if blocks else None
    )


def read_script_project(script: Path, metadata: str) -> FoundProject:
    """Return the dependencies in a script's inline metadata, with the script's lock if there is one."""
    try:
        content = read_toml(metadata)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"script {str(script)!r}: inline metadata: {error}; correct the TOML") from error
    if "dependencies" not in content and "requires-python" not in content:
        metadata = f"dependencies = []\n{metadata}"
    lock = script.with_name(f"{script.name}.lock")
    return _collect(script.parent, metadata, content, read_text(lock) if lock.is_file() else None)


def read_project_files(folder: Path, root: Path) -> FoundProject:
    """Return the dependencies of the project in `folder`, with its uv.lock or that of its workspace.

    root: the workspace is looked for up to there. Raises SpecError for a file that cannot be read.
    """
    content = read_pyproject(folder)
    table = content.get("project", {})
    text = _text(folder)
    if not table or "dependencies" in table.get("dynamic", ()):
        text = _restate(folder, content)
    home = _workspace_of(folder, root) or folder
    lock = home / "uv.lock"
    found = _collect(folder, text, content, read_text(lock) if lock.is_file() else None, home)
    return FoundProject(project=found.project, folders=(folder, *found.folders))


def _collect(
    folder: Path, text: str, content: Mapping[str, Any], lock: str | None, home: Path | None = None
) -> FoundProject:
    """Add the local projects that the project refers to. home: the folder of its workspace, if it is in one."""
    owners = [(folder, content)]
    if home and home != folder:
        owners.append((home, read_pyproject(home)))
    members = _members(*owners[-1])
    texts = {one: _text(one) for one in (*members.values(), *(owner for owner, _ in owners[1:]))}
    texts[folder] = text
    used: list[Path] = []
    while owners:
        for local in _local_sources(*owners.pop(), members):
            if local not in used and local != folder:
                used.append(local)
                texts[local] = _text(local)
                owners.append((local, read_pyproject(local)))
    base = Path(os.path.commonpath(list(map(str, texts))))
    files = {os.path.relpath(one, base): written for one, written in sorted(texts.items())}
    project = Project(files=files, folder=os.path.relpath(folder, base), lock=lock)
    return FoundProject(project=project, folders=tuple(used))


def _text(folder: Path) -> str:
    return read_text(folder / "pyproject.toml")


def _local_sources(folder: Path, content: Mapping[str, Any], members: Mapping[str, Path]) -> Iterator[Path]:
    """Yield the folders that [tool.uv.sources] refers to. Raises SpecError for one that is not a project."""
    sources = content.get("tool", {}).get("uv", {}).get("sources", {})
    for name, given in sources.items():
        for source in given if isinstance(given, list) else [given]:
            if source.get("workspace") and normalize(name) in members:
                yield members[normalize(name)]
            elif "path" in source:
                local = Path(os.path.normpath(folder / Path(source["path"]).expanduser()))
                if not (local / "pyproject.toml").is_file():
                    raise SpecError(
                        f"{str(folder / 'pyproject.toml')!r}: source of {name!r}: {str(local)!r} has no"
                        " pyproject.toml; name a folder that has one, or put the file into a requirements.txt"
                    )
                yield local


def _workspace_of(folder: Path, root: Path) -> Path | None:
    """Return the folder of the workspace that `folder` is a member of, or None."""
    for parent in folder.parents:
        if not parent.is_relative_to(root):
            return None
        if (parent / "pyproject.toml").is_file() and folder in _members(
            parent, read_pyproject(parent)
        ).values():
            return parent
    return None


def _members(folder: Path, content: Mapping[str, Any]) -> dict[str, Path]:
    """Return the members of the workspace whose root is `folder`, by name; none if it is not one."""
    workspace = content.get("tool", {}).get("uv", {}).get("workspace", {})
    excluded = {path for pattern in workspace.get("exclude", ()) for path in folder.glob(pattern)}
    found = [path for pattern in workspace.get("members", ()) for path in sorted(folder.glob(pattern))]
    return {
        normalize(read_pyproject(path).get("project", {}).get("name", path.name)): path
        for path in found
        if path not in excluded and (path / "pyproject.toml").is_file()
    }


def _restate(folder: Path, content: Mapping[str, Any]) -> str:
    """Return a pyproject.toml with the dependencies that the project has in other files or in Poetry's form.

    Raises SpecError if they are known only once it is built.
    """
    local: LocalProject = read_project(folder)
    if local.reason:
        raise SpecError(
            f"{str(folder / 'pyproject.toml')!r}: {local.reason}; list its dependencies in a requirements.txt"
        )
    table = content.get("project", {})
    name = table.get("name") or content.get("tool", {}).get("poetry", {}).get("name") or "project"
    lines = ["[project]", f"name = {json.dumps(name)}", 'version = "0"']
    poetry = content.get("tool", {}).get("poetry", {})
    python = table.get("requires-python") or to_versions(
        str(poetry.get("dependencies", {}).get("python", "*"))
    )
    if python:
        lines.append(f"requires-python = {json.dumps(python)}")
    lines.append(f"dependencies = {json.dumps(list(local.requirements), ensure_ascii=False)}")
    return "\n".join(lines) + "\n"
