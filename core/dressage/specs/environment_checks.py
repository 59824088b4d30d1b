"""Check the fields of an environment."""

from collections.abc import Mapping
from typing import Any

from dressage.errors import SpecError


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


def _kind(value: Any) -> str:
    return f"of type {type(value).__name__!r}"
