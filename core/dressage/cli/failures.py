"""How an error looks: one line on stderr; below it, if asked for, where it came from."""

import os
import shlex
import sys
from collections.abc import Sequence
from typing import Any

import typer

from dressage.errors import DressageError
from dressage.files.disk import describe


def report_error(error: DressageError | OSError | typer.TyperException) -> int:
    """Say what went wrong; the exit code that goes with it."""
    match error:
        case DressageError():
            line, code = str(error), error.exit_code
        case OSError():  # a full disk, a folder without access: not what a trace explains
            line, code = describe(error), 1
        case _:
            line, code = _describe_usage_error(error), 2
    sys.stderr.write(f"error: {line}\n")
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

    line = f"no option {name!r}"
    if meant := difflib.get_close_matches(name, close, n=1, cutoff=0.8):
        return f"{line}; did you mean {meant[0]!r}?"
    if command not in ("run", "plan"):
        return line
    if behind := _insert_dashes(name, command):
        return f"{line}; arguments of the script go after --: {behind}"
    return f"{line}; a recipe's settings are given as --set NAME=VALUE"


def _insert_dashes(name: str, command: str) -> str | None:
    """The command line with `--` before the first word that was meant for the script; None if it names none."""
    from dressage.cli.recipe_arguments import is_script

    words = sys.argv[1:]
    place = next((number for number, word in enumerate(words) if word.startswith(name)), 0)
    if not any(is_script(word) for word in words[words.index(command) + 1 : place]):
        return None
    return shlex.join(["dressage", *words[:place], "--", *words[place:]])
