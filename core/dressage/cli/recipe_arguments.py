"""Parse the RECIPE argument: the name of a recipe, or the path of a script and its arguments."""

import shlex
from pathlib import Path
from typing import Any


def recipe_and_settings(
    recipe: str, arguments: list[str], conda: Path | None, settings: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Return the recipe's name and its settings. The path of a script becomes settings of the recipe `script`.

    Raises SettingsError if arguments or a conda specification are given for another recipe.
    """
    from dressage.errors import SettingsError

    if is_script(recipe):
        words = {"path": recipe, "arguments": shlex.join(arguments), "conda": str(conda or "")}
        return "script", {name: value for name, value in words.items() if value} | settings
    if arguments or conda:
        given = "--conda" if conda else f"the argument {arguments[0]!r}"
        raise SettingsError(
            f"recipe {recipe!r} does not take {given}; use --set NAME=VALUE, or give the path of a script"
        )
    return recipe, settings


def is_script(recipe: str) -> bool:
    """Return whether the RECIPE argument is the path of a script."""
    return "/" in recipe or recipe.endswith(".py")
