"""What stands for a recipe on the command line: its name, or the path of a script with arguments."""

import shlex
from pathlib import Path
from typing import Any


def recipe_and_settings(
    recipe: str, arguments: list[str], conda: Path | None, settings: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """A path is a script, for the recipe that runs scripts; anything else is a recipe's name."""
    from dressage.errors import SettingsError

    if is_script(recipe):
        words = {"path": recipe, "arguments": shlex.join(arguments), "conda": str(conda or "")}
        return "script", {name: value for name, value in words.items() if value} | settings
    if arguments or conda:
        given = "--conda" if conda else f"argument {arguments[0]!r}"
        raise SettingsError(
            f"recipe {recipe!r} takes no {given}; use --set NAME=VALUE, or name a script by its path"
        )
    return recipe, settings


def is_script(recipe: str) -> bool:
    """Whether what stands for a recipe is a script's path."""
    return "/" in recipe or recipe.endswith(".py")
