"""Load a copied recipe in another process, and ask it where its scripts and its data are.

Another process: the copy must not find the modules of the original that this one has imported.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from dressage.engine.recipe_scripts import find_missing_data, find_scripts
from dressage.errors import DressageError
from dressage.files.python import arguments_of_module
from dressage.hooks.entrypoints import load_entry
from dressage.hooks.plugins import Plugins
from dressage.hooks.recipes import load_recipe
from dressage.templates import Copy


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Which recipe is loaded. settings: those that it needs. originals: packages that must not be imported."""

    recipe: str
    entry: str
    settings: dict[str, Any]
    originals: tuple[str, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a copied recipe does.

    error: why it cannot be used. imported: packages of the original that it imports. directories: of its scripts.
    missing: local files of its datasets that do not exist.
    """

    error: str | None = None
    imported: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def check_copy(copy: Copy, folder: Path, given: Mapping[str, Any]) -> Report:
    """Load the copy that was written to a folder. given: settings that it needs."""
    order = Order(
        recipe=copy.names.name, entry=copy.entry, settings=dict(given), originals=tuple(copy.modules)
    )
    arguments = arguments_of_module(__name__, [str(folder / "src"), *sys.path])
    ran = subprocess.run(
        [sys.executable, "-B", *arguments],
        input=msgspec.json.encode(order),
        capture_output=True,
        check=False,
    )
    try:
        return msgspec.json.decode(ran.stdout.splitlines()[-1], type=Report)
    except (IndexError, msgspec.DecodeError):  # it ended the process
        lines = ran.stderr.decode(errors="replace").split("\n")
        return Report(
            error=next((line for line in reversed(lines) if line.strip()), f"exit code {ran.returncode}")
        )


def main() -> None:
    """Report on the recipe of the order on standard input, as the last line of standard output."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    try:
        report = _report(order)
    except DressageError as error:
        report = Report(error=str(error))
    sys.stdout.write(f"\n{msgspec.json.encode(report).decode()}\n")


def _report(order: Order) -> Report:
    plugins = Plugins()
    plugins.add("recipe", order.recipe, load_entry(order.entry))
    recipe = load_recipe(plugins, order.recipe)
    scripts = find_scripts(recipe, order.settings)
    return Report(
        imported=tuple(name for name in order.originals if name in sys.modules),
        directories=tuple(str(found.directory) for found in scripts),
        missing=tuple(find_missing_data(recipe, order.settings)),
    )
