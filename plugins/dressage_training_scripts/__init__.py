"""Find and describe the training scripts of the recipes: in this package in a wheel, else at the top of the checkout.

This is not a plugin. Recipes import it.
"""

from collections.abc import Mapping
from pathlib import Path

from dressage import DatasetFolder, Script

_HERE = Path(__file__).resolve().parent


def describe_script(module: str, arguments: tuple[str | DatasetFolder, ...]) -> Script:
    """Return the script that is started with `python -m MODULE`. A run gets its package and `shared`."""
    return Script(directory=find_folder(), module=module, only=(module, "shared"), arguments=arguments)


def describe_arguments(options: Mapping[str, object]) -> tuple[str | DatasetFolder, ...]:
    """Return a script's arguments: the folder of its dataset, then each option's name and value."""
    words = (word for name, value in options.items() for word in (name, str(value)))
    return ("--data-folder", DatasetFolder(), *words)


def find_folder() -> Path:
    """Return the folder of the training scripts."""
    installed = _HERE / "training_scripts"
    return installed if installed.is_dir() else _HERE.parents[1] / "training_scripts"
