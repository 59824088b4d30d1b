"""Parse the RECIPE argument: the name of a recipe, or what to run: a path, a module or a command."""

import shlex
from pathlib import Path
from typing import Any

from dressage.cli.script_options import ScriptOptions

COMMAND = "--"
"""What stands for RECIPE if the words after -- are a command."""
_ENDINGS = (".py", ".ipynb", ".sh")


def recipe_and_settings(
    recipe: str | None, arguments: list[str], script: ScriptOptions, settings: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Return the recipe's name and its settings. What is not a recipe becomes settings of the recipe `script`.

    recipe: None if only options were given; `COMMAND` if the arguments are a command.
    Raises SettingsError if arguments or options of scripts are given for another recipe, or if nothing is given.
    """
    from dressage.errors import SettingsError

    if script.module:
        words = arguments if recipe in (None, COMMAND) else [str(recipe), *arguments]
        return "script", {**script.settings(), **_arguments(words), **settings}
    if recipe is None or (recipe == COMMAND and not arguments):
        raise SettingsError("nothing to run; give a recipe, the path of a script, -m MODULE, or -- COMMAND")
    if recipe == COMMAND:
        return "script", {**script.settings(), "command": shlex.join(arguments), **settings}
    if is_script(recipe):
        return "script", {"path": recipe, **script.settings(), **_arguments(arguments), **settings}
    if arguments or script.given:
        given = script.given[0] if script.given else f"the argument {arguments[0]!r}"
        raise SettingsError(
            f"recipe {recipe!r} does not take {given}; use --set NAME=VALUE, or give the path of a script"
        )
    return recipe, settings


def is_script(recipe: str) -> bool:
    """Return whether the RECIPE argument is a path: of a script, a notebook, or a folder."""
    return "/" in recipe or recipe.endswith(_ENDINGS) or (recipe in (".", "..") and Path(recipe).is_dir())


def _arguments(words: list[str]) -> dict[str, str]:
    return {"arguments": shlex.join(words)} if words else {}
