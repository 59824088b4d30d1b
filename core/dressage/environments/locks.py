"""Compares a uv.lock with the pyproject.toml that it was made from."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from dressage.environments.hashes import normalize
from dressage.environments.requirements import MalformedError

_REQUIREMENT = re.compile(r"\s*(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*\(?(?P<versions>[^;@)]*)")
_AGAIN = "make it again with: uv lock"


def check_lock(lock: str, folder: str, pyproject: Mapping[str, Any]) -> None:
    """Raise MalformedError if the lock does not contain the project in `folder` with its present dependencies."""
    try:
        packages = tomllib.loads(lock).get("package", [])
    except tomllib.TOMLDecodeError as error:
        raise MalformedError(f"uv.lock: {error}; {_AGAIN}") from error
    found = next((one for one in packages if folder in (one.get("source") or {}).values()), None)
    if found is None:
        raise MalformedError(f"uv.lock does not contain the project in {folder!r}; {_AGAIN}")
    locked = found.get("metadata", {}).get("requires-dist", ())
    for name, versions in _requirements(pyproject):
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
    for text in (pyproject.get("project") or {}).get("dependencies") or ():
        if match := _REQUIREMENT.match(text):
            yield match["name"], match["versions"].strip()


def _clauses(versions: str) -> set[str]:
    return {re.sub(r"\s", "", clause) for clause in versions.split(",") if clause.strip()}
