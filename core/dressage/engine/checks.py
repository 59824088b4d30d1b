"""Check what the user gives before anything is planned or started."""

import os
from collections.abc import Mapping
from importlib.util import find_spec
from math import inf
from typing import Any

from dressage.errors import SettingsError
from dressage.specs.environments import Environment

MOST_PRIORITY = 1000
MOST_RETRIES = 100
_SERVICE = "dressage"
"""What the entries of the keyring belong to."""


def check_tags(tags: Mapping[Any, Any]) -> dict[str, str]:
    """Return the tags. Raises SettingsError if a name or a value is not text."""
    for name, value in tags.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            raise SettingsError(f"tag {name!r} is {value!r}; names and values must be text")
    return dict(tags)


def check_limits(priority: int, retries: int, time_limit_s: float | None) -> None:
    """Raise SettingsError if a run's priority, retries or time limit (in seconds) is out of bounds."""
    for name, value, least, most in (
        ("priority", priority, -MOST_PRIORITY, MOST_PRIORITY),
        ("retries", retries, 0, MOST_RETRIES),
    ):
        if type(value) is not int or not least <= value <= most:
            raise SettingsError(f"{name} is {value!r}; give a whole number from {least} to {most}")
    if time_limit_s is not None and not (isinstance(time_limit_s, int | float) and 0 < time_limit_s < inf):
        raise SettingsError(f"time limit is {time_limit_s!r}; give a number of seconds above 0")


def check_secrets(environment: Environment) -> None:
    """Raise SettingsError for a secret without a value: an environment variable of this process, or in the keyring.

    A value from the keyring is set as a variable of this process, because platforms pass variables on.
    """
    for name in environment.secrets:
        if name not in os.environ and not _set_from_keyring(name):
            raise SettingsError(
                f"environment {environment.name!r} needs the secret {name}, but that variable is not set;"
                f" set it: export {name}=... ({_describe_keyring(name)})"
            )


def _set_from_keyring(name: str) -> bool:
    """Set the variable from the keyring's entry "dressage", NAME. Returns whether there is one."""
    if find_spec("keyring") is None:
        return False
    import keyring
    from keyring.errors import KeyringError

    try:
        value = keyring.get_password(_SERVICE, name)
    except KeyringError as error:
        raise SettingsError(
            f"secret {name}: the keyring cannot be read: {error}; set the variable"
        ) from error
    if value is None:
        return False
    os.environ[name] = value
    return True


def _describe_keyring(name: str) -> str:
    if find_spec("keyring") is None:
        return "a keyring can keep it: install dressage[keyring]"
    return f"or keep it in the keyring: keyring set {_SERVICE} {name}"
