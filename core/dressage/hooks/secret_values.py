"""Settings and options that are secret: their values are in no file and in no record.

A recipe gets the name of a variable, which the script gets with the value: the setting `api_key` is API_KEY. The
options of platforms and observers have the value itself, because only the plugin uses it.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields
from typing import Any

from dressage.errors import SettingsError
from dressage.specs.configuration import Value, variable_of
from dressage.specs.secrets import find_secret
from dressage.specs.settings import Owner


def place_secrets(
    owner: Owner, kind: type | None, given: Mapping[str, Any], configured: Mapping[str, Value]
) -> dict[str, Any]:
    """Return what the secret fields of the class get. given, configured: by name.

    For a recipe, a given value is set as a variable of this process, because platforms pass variables on.
    Raises SettingsError for a value in a settings file, or if the keyring cannot be read.
    """
    placed: dict[str, Any] = {}
    for item in _secret_fields(kind):
        variable = _variable_of(owner, item.name)
        value = given.get(item.name, configured[item.name].value if item.name in configured else None)
        if item.name in configured and os.sep in configured[item.name].origin:
            raise SettingsError(
                f"{configured[item.name].origin!r}: {owner}: {owner.noun} {item.name} is secret; remove it there, and"
                f" set the variable {variable}"
            )
        if owner.kind != "recipe":
            placed |= {item.name: found} if (found := value or find_secret(variable)) else {}
            continue
        if value is not None:
            os.environ[variable] = str(value)
        if find_secret(variable) or item.default is not None:  # a run without the value is refused later
            placed[item.name] = variable
    return placed


def secret_variables(settings: Any) -> tuple[str, ...]:
    """Return the names of the variables with the secrets of a recipe's settings."""
    named = (getattr(settings, item.name) for item in _secret_fields(type(settings)) if settings is not None)
    return tuple(name for name in named if name)


def _secret_fields(kind: type | None) -> Iterator[Field[Any]]:
    if kind is not None and kind is not type(None):
        yield from (item for item in fields(kind) if item.metadata.get("secret"))


def _variable_of(owner: Owner, name: str) -> str:
    """Return the variable that has the value: the script's, or the one that configures an option."""
    return name.upper() if owner.kind == "recipe" else variable_of(owner, name)
