"""Check what the user gives before anything is planned or started."""

import os
from collections.abc import Mapping
from typing import Any

from dressage.errors import SettingsError
from dressage.specs.environments import Environment


def check_tags(tags: Mapping[Any, Any]) -> dict[str, str]:
    """Return the tags. Raises SettingsError if a name or a value is not text."""
    for name, value in tags.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            raise SettingsError(f"tag {name!r} is {value!r}; names and values must be text")
    return dict(tags)


def check_secrets(environment: Environment) -> None:
    """Raise SettingsError for a secret without a value: it is an environment variable of this process."""
    for name in environment.secrets:
        if name not in os.environ:
            raise SettingsError(
                f"environment {environment.name!r} needs the secret {name}, but that variable is not set;"
                f" set it: export {name}=..."
            )
