"""Report an error: one line on stderr and, with -v, the traceback."""

import os
import shlex
import sys
from collections.abc import Sequence
from typing import Any

import typer

from dressage.errors import DressageError
from dressage.files.disk import describe
from dressage.specs.credentials import hide_credentials


def report_error(error: DressageError | OSError | typer.TyperException) -> int:
    """Print the error and return its exit code."""
    match error:
        case DressageError():
            line, code = str(error), error.exit_code
        case OSError():  # such as a full disk or a folder without access: a traceback would not help
            line, code = describe(error), 1
        case _:
            line, code = _describe_usage_error(error), 2
    sys.stderr.write(f"error: {hide_credentials(line)}\n")
    if os.environ.get("DRESSAGE_DEBUG"):
        import traceback

        traceback.print_exception(error)
    return code


def _describe_usage_error(error: Any) -> str:
    ctx = getattr(error, "ctx", None)
    if hasattr(error, "possibilities"):
        return _describe_unknown_option(
            error.option_name, error.possibilities or (), ctx.info_name if ctx else None
        )
    words = " ".join(error.format_message().split()).rstrip(".")
    return f"{words[0].lower()}{words[1:]}" + (f"; see: {ctx.command_path} --help" if ctx else "")


def _describe_unknown_option(name: str, close: Sequence[str], command: str | None) -> str:
    import difflib

    line = f"unknown option {name!r}"
    if meant := difflib.get_close_matches(name, close, n=1, cutoff=0.8):
        return f"{line}; did you mean {meant[0]!r}?"
    if command not in ("run", "plan"):
        return line
    if corrected := _insert_dashes(name, command):
        return f"{line}; put the script's arguments after --: {corrected}"
    return f"{line}; to change a recipe's settings, use --set NAME=VALUE"


def _insert_dashes(name: str, command: str) -> str | None:
    """Return the command line with `--` before the script's first argument; None if it contains no script."""
    from dressage.cli.recipe_arguments import is_script

    words = sys.argv[1:]
    place = next((number for number, word in enumerate(words) if word.startswith(name)), 0)
    if not any(is_script(word) for word in words[words.index(command) + 1 : place]):
        return None
    return shlex.join(["dressage", *words[:place], "--", *words[place:]])
