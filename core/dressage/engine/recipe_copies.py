"""Copy an installed recipe as the start of a new plugin."""

import os
from collections.abc import Mapping
from os.path import exists  # unlike that of a Path, it takes any text
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dressage.engine.copy_checks import Report, check_copy
from dressage.engine.recipe_scripts import find_missing_data, find_scripts
from dressage.errors import SettingsError
from dressage.hooks.plugins import Plugins
from dressage.hooks.providers import Provider
from dressage.hooks.recipes import Recipe, load_recipe
from dressage.specs.credentials import has_credentials, hide_credentials
from dressage.specs.settings import list_settings
from dressage.templates import (
    Copy,
    Created,
    Scripts,
    choose_folder,
    create_copy,
    files_of,
    find_original,
    names_of,
    write_folder,
)


def copy_recipe(
    plugins: Plugins, recipe: str, name: str, given: Mapping[str, Any], folder: Path | None = None
) -> Created:
    """Write the package of a new recipe, which is a copy of an installed one.

    given: settings that the recipe needs to describe a run. folder: default: dressage-NAME in the working directory.
    Raises SettingsError if the recipe cannot be copied, and for a name or a folder that cannot be used;
    NotFoundError, PluginError.
    """
    _refuse_credentials(given)
    names = names_of(name)
    choose_folder(names.distribution, folder)
    provider = plugins.choose("recipe", recipe)
    original = find_original(recipe, *_entry_of(provider))
    loaded = load_recipe(plugins, recipe)
    settings = _with_absolute_paths(loaded, given)
    copy = Copy(original, names, find_scripts(loaded, settings))
    placed = _choose_places(copy, settings, known_missing=bool(find_missing_data(loaded, settings)))
    return create_copy(copy, placed, settings, folder)


def _refuse_credentials(given: Mapping[str, Any]) -> None:
    """Raise SettingsError for an address with a password or a token: the copy's files would have it."""
    for name, value in given.items():
        if has_credentials(str(value)):
            raise SettingsError(
                f"setting {name} is {hide_credentials(str(value))!r}: the files of a plugin must have no password;"
                " give an address without one"
            )


def _with_absolute_paths(recipe: Recipe, given: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings as text, with absolute paths in place of relative ones: the tests of the copy use them."""
    declared = list_settings(recipe.settings) if recipe.settings else ()
    any_text = {setting.name for setting in declared if "str" in setting.type and not setting.choices}
    texts = {name: str(value) for name, value in given.items()}
    paths = {name for name, text in texts.items() if name.replace("-", "_") in any_text and exists(text)}  # noqa: PTH110
    return {name: str(Path(text).absolute()) if name in paths else text for name, text in texts.items()}


def _entry_of(provider: Provider) -> tuple[str, str]:
    """Return the entry point and the distribution of an installed recipe."""
    if provider.entry and provider.choice:
        return provider.entry, provider.choice
    where = f"the file {provider.source!r} of this project" if provider.path else "an object of this program"
    raise SettingsError(
        f"recipe {provider.name!r} cannot be copied: it is {where}; only installed recipes can"
    )


def _choose_places(copy: Copy, given: Mapping[str, Any], *, known_missing: bool) -> dict[str, Scripts]:
    """Return the folders in which the copied recipe finds its scripts: written to a temporary folder, it is asked.

    known_missing: whether files of the original's data do not exist either.
    Raises SettingsError if it does not work there.
    """
    candidates = copy.placed_scripts()
    with TemporaryDirectory() as temporary:
        folder = Path(os.path.realpath(temporary)) / "copy"
        write_folder(folder, {**copy.files(), **files_of(candidates)})
        report = check_copy(copy, folder, given)
        if problem := _find_problem(folder, report, known_missing=known_missing):
            raise SettingsError(
                f"recipe {copy.original.recipe!r} cannot be copied: {problem}; start with --recipe instead"
            )
        used = {str(Path(directory).relative_to(folder)) for directory in report.directories}
    return {place: scripts for place, scripts in candidates.items() if place in used}


def _find_problem(folder: Path, report: Report, *, known_missing: bool) -> str | None:
    """Return why the copy does not work without the original; None if it does."""
    if report.error:
        return f"the copy fails: {report.error}"
    if report.imported:
        return f"the copy imports {report.imported[0]!r} in a way that cannot be renamed"
    for directory in report.directories:
        if not Path(directory).is_relative_to(folder):
            return f"its script is in {directory!r}, outside of its package"
    for file in () if known_missing else report.missing:
        return (
            f"its data is not in its package: a copy looks for {file.replace(str(folder), '').lstrip('/')!r}"
        )
    return None
