"""Check the fields of an environment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dressage.errors import SpecError
from dressage.specs.names import leaves_folder


def check_text(owner: str, field: str, value: Any) -> None:
    """Raise SpecError unless the value is text or None."""
    if value is not None and not isinstance(value, str):
        raise SpecError(f"{owner}: {field} is {value!r}, {_kind(value)}; give text")


def check_list(owner: str, field: str, values: Any) -> None:
    """Raise SpecError unless the values are a tuple of different texts."""
    if not isinstance(values, tuple):
        raise SpecError(
            f"{owner}: {field} is {values!r}, {_kind(values)}; give a tuple of names, like ('lab',)"
        )
    for value in values:
        if not isinstance(value, str):
            raise SpecError(f"{owner}: {field} contains {value!r}, {_kind(value)}; give names as text")
        if values.count(value) > 1:
            raise SpecError(f"{owner}: {field} names {value!r} twice; keep one")


def check_variables(owner: str, variables: Any) -> None:
    """Raise SpecError unless the variables are a mapping of text to text."""
    if not isinstance(variables, Mapping):
        raise SpecError(
            f"{owner}: variables is {variables!r}, {_kind(variables)}; give a mapping, like {{'A': '1'}}"
        )
    for name, value in variables.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise SpecError(f"{owner}: variable {name!r} is {value!r}; names and values must be text")
        if not name or "=" in name or "\0" in name + value:
            raise SpecError(
                f"{owner}: variable {name!r}: programs cannot receive it; remove '=' and NUL bytes"
            )


def check_secrets(owner: str, secrets: Any, variables: Mapping[str, str]) -> None:
    """Raise SpecError unless the secrets are names of variables that `variables` does not set."""
    check_list(owner, "secrets", secrets)
    for name in secrets:
        if not name.isidentifier():
            raise SpecError(
                f"{owner}: secret {name!r} is not the name of a variable; use letters, digits and '_'"
            )
        if name in variables:
            raise SpecError(f"{owner}: {name!r} is a variable and a secret; keep only one")


def check_path(owner: str, field: str, value: Any) -> None:
    """Raise SpecError unless the value is an absolute path or None."""
    if value is not None and not isinstance(value, Path):
        raise SpecError(f"{owner}: {field} is {value!r}, {_kind(value)}; give a pathlib.Path")
    if value is not None and not value.is_absolute():
        raise SpecError(f"{owner}: {field} {str(value)!r} is relative; make it absolute")


def check_pyprojects(files: Any, folder: Any) -> None:
    """Raise SpecError unless the files are texts by relative folder, with one for `folder`."""
    if not isinstance(files, Mapping) or folder not in files:
        raise SpecError(
            f"project: no pyproject.toml for its folder {folder!r}; give its text, like files={{'.': TEXT}}"
        )
    for name, text in files.items():
        if not isinstance(name, str) or leaves_folder(name):
            raise SpecError(f"project: folder {name!r} leaves the project; make it relative")
        if not isinstance(text, str):
            raise SpecError(f"project: the pyproject.toml of {name!r} is {_kind(text)}; give text")


def _kind(value: Any) -> str:
    return f"of type {type(value).__name__!r}"
