"""Reads conda specifications: the text of an environment.yml."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dressage.environments.requirements import MalformedError, read_entries
from dressage.environments.specification import Specification
from dressage.environments.versions import VersionRequirement
from dressage.errors import describe_unknown

_KEYS = ("name", "channels", "dependencies", "variables", "prefix")
_ENTRY = re.compile(r"(?:\S+::)?(?P<name>[\w.-]+)\s*(?P<version>[^\[]*)")


def read_conda(text: str) -> Specification:
    """Parse a conda specification. Raises MalformedError with the wrong entry and what to write instead."""
    content = _content(text)
    dependencies = _list(content, "dependencies")
    conda = [entry for entry in dependencies if isinstance(entry, str)]
    pip = [line for entry in dependencies if not isinstance(entry, str) for line in _pip(entry)]
    listed = read_entries(pip)
    python, tool, packages = _split(conda)
    return Specification(
        channels=tuple(map(str, _list(content, "channels"))),
        python=python,
        requirements=tuple(sorted({*tool, *listed.lines})),
        options=listed.options,
        packages=packages,
        variables=_variables(content.get("variables") or {}),
    )


def _content(text: str) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise MalformedError(f"{where}{error.problem or error}; correct the YAML") from error
    except RecursionError as error:
        raise MalformedError("it is nested too deeply; correct the YAML") from error
    except (
        yaml.YAMLError,
        ValueError,
    ) as error:  # ValueError: a date that does not exist, such as 2020-13-45
        raise MalformedError(f"{' '.join(str(error).split())}; correct the YAML") from error
    if not isinstance(content, dict):
        raise MalformedError(
            f"it is {_kind(content)}, not a mapping; write 'dependencies:' with a list below it"
        )
    for key in content:
        if key not in _KEYS:
            raise MalformedError(describe_unknown("key", str(key), _KEYS))
    return content


def _list(content: Mapping[str, Any], key: str) -> list[Any]:
    value = content.get(key)
    if value is not None and not isinstance(value, list):
        raise MalformedError(f"{key!r} is {_kind(value)}, not a list; begin each of its lines with '- '")
    return value or []


def _variables(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise MalformedError(f"'variables' is {_kind(value)}, not a mapping; write lines like 'NAME: value'")
    return {str(name): str(text) for name, text in value.items()}


def _pip(entry: Any) -> Iterator[str]:
    if not isinstance(entry, dict) or list(entry) != ["pip"]:
        raise MalformedError(
            f"dependency {entry!r} is not understood; write 'name=version', or a list below '- pip:'"
        )
    for line in _list(entry, "pip"):
        if not isinstance(line, str):
            raise MalformedError(
                f"pip requirement {line!r} is {_kind(line)}; write it as a string, like 'name==1.0'"
            )
        yield line


def _split(entries: list[str]) -> tuple[VersionRequirement, list[str], tuple[str, ...]]:
    """Split the entries into Python's version, pip as a requirement, and all other conda packages."""
    python, tool, packages = VersionRequirement(), [], []
    for entry in entries:
        match = _ENTRY.fullmatch(entry.strip())
        if match is None or match["name"] not in ("python", "pip") or _has_build(match["version"]):
            packages.append(" ".join(entry.split()))
        elif match["name"] == "python":
            python = _version(entry, match["version"])
        else:
            tool.append(f"pip{_version(entry, match['version']).specifier}")
    return python, tool, tuple(sorted(packages))


def _has_build(version: str) -> bool:
    """Return whether a build string follows the version, as in `python=3.11.7=h123_0`; only conda has them."""
    return re.search(r"\d[\d.*]*\s*[= ]\s*\w", version) is not None


def _version(entry: str, text: str) -> VersionRequirement:
    try:
        return VersionRequirement.parse(text)
    except ValueError as error:
        raise MalformedError(
            f"version of {entry!r} is not understood; write it like 'python=3.12'"
        ) from error


def _kind(value: Any) -> str:
    names = {type(None): "empty", str: "a string", dict: "a mapping", list: "a list", bool: "a boolean"}
    return names.get(type(value), "a number")
