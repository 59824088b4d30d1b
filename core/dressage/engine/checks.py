"""Check what the user gives before anything is planned or started."""

from collections.abc import Mapping
from math import inf
from typing import Any

from dressage.errors import SettingsError
from dressage.specs.environments import Environment
from dressage.specs.secrets import describe_keyring, find_secret

MOST_PRIORITY = 1000
MOST_RETRIES = 100


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
    """Raise SettingsError for a secret that neither a variable of this process nor the keyring has."""
    for name in environment.secrets:
        if find_secret(name) is None:
            raise SettingsError(
                f"environment {environment.name!r} needs the secret {name}, but that variable is not set;"
                f" set it: export {name}=... ({describe_keyring(name)})"
            )
