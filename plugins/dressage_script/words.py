"""Texts that are quoted as in a shell."""

import re
import shlex

from dressage import SettingsError

_RESERVED = re.compile(r"DRESSAGE_(RUN_ID|RESUME_FROM|INPUT_.*)")
"""Variables that each run gets from dressage."""


def split(setting: str, text: str) -> tuple[str, ...]:
    """Return the words of a text. setting: its name in the error. Raises SettingsError."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise SettingsError(f"{setting} {text!r}: {str(error).lower()}; quote it as in a shell") from error


def read_variables(text: str) -> dict[str, str]:
    """Return variables by name. Raises SettingsError for a word that is not NAME=VALUE, and for a reserved name."""
    words = split("variables", text)
    for word in words:
        if not word.partition("=")[1] or not word.partition("=")[0].isidentifier():
            raise SettingsError(
                f"variables: {word!r} is not NAME=VALUE; use letters, digits and '_' in names"
            )
        if _RESERVED.fullmatch(word.partition("=")[0]):
            raise SettingsError(
                f"variable {word.partition('=')[0]!r} is set by dressage; choose another name"
            )
    return {name: value for name, _, value in (word.partition("=") for word in words)}
