"""Compares a uv.lock with the pyproject.toml that it was made from."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dressage.environments.hashes import normalize
from dressage.environments.requirements import MalformedError
from dressage.files.toml import read_toml

_REQUIREMENT = re.compile(r"\s*(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*\(?(?P<versions>[^;@)]*)")
_AGAIN = "make it again with: uv lock"


def check_lock(lock: str, folder: str, pyproject: Mapping[str, Any]) -> None:
    """Raise MalformedError if the lock does not contain the project in `folder` with its present dependencies."""
    try:
        packages = read_toml(lock).get("package", [])
    except tomllib.TOMLDecodeError as error:
        raise MalformedError(f"uv.lock: {error}; {_AGAIN}") from error
    if is_script(pyproject):
        return _compare(_requirements(pyproject), read_toml(lock).get("manifest", {}).get("requirements", ()))
    found = next((one for one in packages if folder in (one.get("source") or {}).values()), None)
    if found is None:
        raise MalformedError(f"uv.lock does not contain the project in {folder!r}; {_AGAIN}")
    return _compare(_requirements(pyproject), found.get("metadata", {}).get("requires-dist", ()))


def is_script(content: Mapping[str, Any]) -> bool:
    """Return whether the content is a script's inline metadata, which has its dependencies at the top."""
    return "project" not in content and ("dependencies" in content or "requires-python" in content)


def _compare(required: Iterable[tuple[str, str]], locked: Iterable[Mapping[str, Any]]) -> None:
    locked = list(locked)
    for name, versions in required:
        known = [one.get("specifier") for one in locked if normalize(one["name"]) == normalize(name)]
        if not known:
            raise MalformedError(
                f"uv.lock does not contain {name!r}, which pyproject.toml requires; {_AGAIN}"
            )
        if versions and not any(text is None or _clauses(text) == _clauses(versions) for text in known):
            raise MalformedError(
                f"uv.lock was made for {name}{known[0]}, but pyproject.toml requires {name}{versions}; {_AGAIN}"
            )


def _requirements(pyproject: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name and the versions of each dependency."""
    table = pyproject if is_script(pyproject) else pyproject.get("project") or {}
    for text in table.get("dependencies") or ():
        if match := _REQUIREMENT.match(text):
            yield match["name"], match["versions"].strip()


def _clauses(versions: str) -> set[str]:
    return {re.sub(r"\s", "", clause) for clause in versions.split(",") if clause.strip()}
