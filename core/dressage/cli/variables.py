"""Environment variables from the command line and from a file."""

import os
import re
import sys
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path

from dressage.errors import SettingsError
from dressage.files.disk import describe
from dressage.specs.credentials import has_credentials

_SECRET = re.compile(r"(?i)(^|_)(token|secret|password|passwd|credentials?|(api|access|private)_?key)($|_)")
"""Names of variables that usually have secret values."""
_MOST_BYTES = 1_000_000
"""How large a file of variables may be: systems pass a program a few MB at most."""


def read_variables(file: Path | None, given: Mapping[str, str], secrets: Iterable[str]) -> dict[str, str]:
    """Return the variables of a file and those given, which override them.

    secrets: names of secret variables. Those of the file are set in this process and not returned, because variables
    are recorded. Raises SettingsError.
    """
    variables = _read_file(file) if file else {}
    for name in secrets:
        if "=" in name:  # the value is not quoted: errors end up in logs
            raise SettingsError(
                f"--secret takes only a name: --secret {name.partition('=')[0]};"
                " its value comes from the environment, from the file of --env-file, or from the keyring"
            )
        if name in given:
            raise SettingsError(
                f"secret {name!r} is also given with --env, which is recorded; remove it there"
            )
        if name in variables:
            os.environ[name] = variables.pop(name)
    variables |= given
    for name in (name for name, value in variables.items() if _SECRET.search(name) or has_credentials(value)):
        sys.stderr.write(f"warning: the value of {name} is recorded; if it is secret, add: --secret {name}\n")
    return variables


def _read_file(path: Path) -> dict[str, str]:
    from dotenv.parser import parse_stream

    variables: dict[str, str] = {}
    for found in parse_stream(StringIO(_read_text(path))):
        if found.error or (found.key is not None and found.value is None):
            text = found.original.string
            line = found.original.line + text[: len(text) - len(text.lstrip())].count("\n")
            raise SettingsError(  # the text is not quoted: it may be secret
                f"--env-file {str(path)!r}: line {line} is not NAME=VALUE; correct or remove it"
            )
        if found.key is not None and found.value is not None:
            variables[found.key] = found.value
    return variables


def _read_text(path: Path) -> str:
    """Return the text of a file, or of a pipe such as <(...). Raises SettingsError, also if it is too large."""
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise SettingsError(
                f"--env-file {str(path)!r} is larger than 1 MB; give a file of NAME=VALUE lines"
            )
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError(f"--env-file {str(path)!r} is not UTF-8 text") from error
    except OSError as error:
        raise SettingsError(f"--env-file: {describe(error)}") from error
