"""Values that are secret: of a variable of this process, or of the keyring's entry "dressage", NAME."""

import os
from importlib.util import find_spec

from dressage.errors import SettingsError

_SERVICE = "dressage"


def find_secret(name: str) -> str | None:
    """Return the value; None if it is in neither. Raises SettingsError if the keyring cannot be read.

    A value from the keyring is set as a variable of this process, because platforms pass variables on.
    """
    if name not in os.environ and (value := _read_keyring(name)) is not None:
        os.environ[name] = value
    return os.environ.get(name)


def describe_keyring(name: str) -> str:
    """Return how the keyring can have the value."""
    if find_spec("keyring") is None:
        return "a keyring can keep it: install dressage[keyring]"
    return f"or keep it in the keyring: keyring set {_SERVICE} {name}"


def _read_keyring(name: str) -> str | None:
    if find_spec("keyring") is None:
        return None
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(_SERVICE, name)
    except KeyringError as error:
        raise SettingsError(
            f"secret {name}: the keyring cannot be read: {error}; set the variable"
        ) from error
