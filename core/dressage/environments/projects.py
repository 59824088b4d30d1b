"""Reads the dependencies of Python projects: pyproject.toml and uv.lock."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dressage.environments.hashes import normalize
from dressage.environments.locks import check_lock, is_script
from dressage.environments.requirements import MalformedError, refuse_credentials, refuse_password
from dressage.environments.versions import VersionRequirement
from dressage.files.toml import read_toml
from dressage.specs.environments import Project

_HEADER = '[project]\nname = "inline-script"\nversion = "0"\n'
"""What makes a pyproject.toml of a script's inline metadata, which begins with the keys of this table."""
_ADDRESSES = ("index-url", "extra-index-url", "find-links", "default-index")


def read_python(project: Project) -> VersionRequirement:
    """Check the texts of the project, and return the Python that it requires. Raises MalformedError."""
    contents = {folder: _content(folder, text) for folder, text in project.files.items()}
    content = contents[project.folder]
    table = content if is_script(content) else _table(content, "project")
    required = table.get("requires-python", "")
    for names, known, kind in (
        (project.extras, list(_table(table, "optional-dependencies")), "extra"),
        (project.groups, _groups(content), "dependency group"),
    ):
        for name in names:
            if normalize(name) not in map(normalize, known):
                listed = ", ".join(known) or "none"
                raise MalformedError(f"pyproject.toml: no {kind} named {name!r}; known: {listed}")
    if project.lock is not None:
        check_lock(project.lock, os.path.relpath(project.folder, lock_folder(project)), content)
    try:
        return VersionRequirement.parse(required)
    except (ValueError, AttributeError) as error:
        raise MalformedError(
            f"pyproject.toml: requires-python {required!r} is not understood; write it like '>=3.10'"
        ) from error


def content_of(project: Project) -> dict[str, Any]:
    """Return what determines the packages: other tables of pyproject.toml, and comments, are left out."""
    files = {folder: _relevant(read_toml(text)) for folder, text in project.files.items()}
    return {
        "files": files,
        "folder": project.folder,
        "lock": project.lock,
        "extras": sorted(project.extras),
        "groups": sorted(project.groups),
    }


def write_files(project: Project, root: Path) -> Path:
    """Write the project's files below `root`, and return the folder of the project."""
    for folder, text in project.files.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        content = f"{_HEADER}{text}" if is_script(read_toml(text)) else text
        (root / folder / "pyproject.toml").write_text(content, encoding="utf-8")
    if project.lock is not None:
        (root / lock_folder(project) / "uv.lock").write_text(project.lock, encoding="utf-8")
    return root / project.folder


def write_script(project: Project, folder: Path) -> Path | None:
    """Write a script with the inline metadata, and its lock; None if the project is no script."""
    if not is_script(read_toml(project.pyproject)):
        return None
    lines = ["# /// script", *(f"# {line}".rstrip() for line in project.pyproject.splitlines()), "# ///", ""]
    script = folder / "script.py"
    script.write_text("\n".join(lines), encoding="utf-8")
    script.with_name("script.py.lock").write_text(project.lock or "", encoding="utf-8")
    return script


def lock_folder(project: Project) -> str:
    """Return the folder of the project's lock: of the workspace if it is in one, else its own."""
    return "." if "." in project.files else project.folder


def explicit_indexes(project: Project) -> list[str]:
    """Return the project's indexes that only named packages come from, as uv's arguments: "NAME=ADDRESS"."""
    return [
        f"{index['name']}={index['url']}"
        for text in project.files.values()
        for index in _indexes(read_toml(text))
        if index.get("explicit") and index.get("name")
    ]


def index_options(project: Project) -> list[str]:
    """Return the project's indexes as pip's options."""
    indexes = [index for text in project.files.values() for index in _indexes(read_toml(text))]
    return [
        f"{'--index-url' if index.get('default') else '--extra-index-url'} {index['url']}"
        for index in indexes
        if "url" in index
    ]


def has_default_index(project: Project) -> bool:
    """Return whether the project replaces the default index."""
    contents = [read_toml(text) for text in project.files.values()]
    return any(
        "index-url" in _uv(content) or any(index.get("default") for index in _indexes(content))
        for content in contents
    )


def _content(folder: str, text: str) -> dict[str, Any]:
    where = "pyproject.toml" if folder == "." else f"{folder}/pyproject.toml"
    try:
        content = read_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise MalformedError(f"{where}: {error}; correct the TOML") from error
    for address in _addresses(content):
        try:
            refuse_credentials(address)
        except MalformedError as error:
            raise MalformedError(f"{where}: {error}") from error
    try:
        refuse_password(text)
    except MalformedError as error:
        raise MalformedError(f"{where}: {error}") from error
    return content


def _addresses(content: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(index.get("url", "")) for index in _indexes(content))
    for settings in (_uv(content), _table(_uv(content), "pip")):
        for name in _ADDRESSES:
            value = settings.get(name, ())
            yield from map(str, value if isinstance(value, list) else [value])


def _relevant(content: Mapping[str, Any]) -> dict[str, Any]:
    project = content if is_script(content) else _table(content, "project")
    names = ("name", "requires-python", "dependencies", "optional-dependencies", "dynamic")
    return {
        "project": {name: project[name] for name in names if name in project},
        "dependency-groups": _table(content, "dependency-groups"),
        "uv": _uv(content),
    }


def _groups(content: Mapping[str, Any]) -> list[str]:
    old = ["dev"] if "dev-dependencies" in _uv(content) else []
    return [*_table(content, "dependency-groups"), *old]


def _indexes(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = _uv(content).get("index", [])
    return [index for index in found if isinstance(index, dict)] if isinstance(found, list) else []


def _uv(content: Mapping[str, Any]) -> dict[str, Any]:
    return _table(_table(content, "tool"), "uv")


def _table(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = content.get(name)
    return found if isinstance(found, dict) else {}
