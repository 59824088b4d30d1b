"""Ask a recipe for its training scripts and the local files of its data, whatever its settings are."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from dressage.engine.proposals import name_scripts
from dressage.errors import SettingsError
from dressage.hooks.recipes import Recipe, check_script
from dressage.specs.compute import Accelerator, ComputeTarget
from dressage.specs.datasets import FileDataset
from dressage.specs.models import Script
from dressage.specs.settings import Owner, list_settings, resolve
from dressage.storage.source_files import find_source_files
from dressage.templates import Scripts

_ACCELERATORS: tuple[Accelerator, ...] = ("cpu", "gpu")


def find_scripts(recipe: Recipe, given: Mapping[str, Any]) -> tuple[Scripts, ...]:
    """Return the scripts that a recipe names, for each accelerator and each listed value of its settings.

    given: settings that the recipe needs. Raises SettingsError if it needs others, PluginError.
    """
    found: dict[Path, set[str]] = {}
    for script in _scripts(recipe, given):
        files = find_source_files(script.directory, script.include, name_scripts(script), script.only).files
        found.setdefault(script.directory.resolve(), set()).update(path for path, _ in files)
    return tuple(Scripts(directory=folder, files=tuple(sorted(paths))) for folder, paths in found.items())


def find_missing_data(recipe: Recipe, given: Mapping[str, Any]) -> list[str]:
    """Return the local files that the recipe's datasets name and that do not exist."""
    described = recipe.answer("dataset", {"settings": _resolve(recipe, given)})
    datasets = described.values() if isinstance(described, Mapping) else [described]
    return [
        address
        for dataset in datasets
        if isinstance(dataset, FileDataset)
        for source in dataset.sources
        for address in source.addresses
        if address.startswith("/") and not Path(address).exists()
    ]


def _scripts(recipe: Recipe, given: Mapping[str, Any]) -> Iterator[Script]:
    """Yield the script of each way to use the recipe; those that it refuses are left out, except the first."""
    yield from _scripts_with(recipe, given)
    for setting in list_settings(recipe.settings) if recipe.settings else ():
        for choice in setting.choices:
            with suppress(SettingsError):
                yield from _scripts_with(recipe, {**given, setting.name: choice})


def _scripts_with(recipe: Recipe, given: Mapping[str, Any]) -> Iterator[Script]:
    settings = _resolve(recipe, given)
    target: ComputeTarget = recipe.answer("compute", {"settings": settings})
    for accelerator in _ACCELERATORS:
        resolved = replace(target, accelerator=accelerator)
        model = recipe.answer("model", {"settings": settings, "compute": resolved})
        check_script(recipe.plugin.name, model)
        yield model.script


def _resolve(recipe: Recipe, given: Mapping[str, Any]) -> Any:
    return resolve(Owner("recipe", recipe.plugin.name), recipe.settings, given)
