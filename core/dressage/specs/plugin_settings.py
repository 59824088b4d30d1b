"""Read which plugins are used from settings files and variables.

    [plugins]
    files = ["./plugins/iris.py"]
    disabled = ["house"]         # DRESSAGE_PLUGINS_DISABLED=house,cost disables more
    required = ["house"]
    order = ["cost", "house"]
    mnist = "lab"                # the distribution, or the file, that provides the plugin 'mnist'

`plugins = ["./plugins/iris.py"]` is a short form of a table with `files` only.

files: plugins of this project: Python files, or folders with an `__init__.py`.
disabled: plugins that are not loaded.
required: policies that must be installed: if one is missing, nothing is planned. They are applied last.
order: the order in which policies are applied.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from dressage.errors import SettingsError

TABLE = "plugins"
VARIABLE = "DRESSAGE_PLUGINS_DISABLED"
_LISTS = ("files", "disabled", "required", "order")
Files = Sequence[tuple[Path, Mapping[str, Any]]]


class Choice(Struct, frozen=True):
    """Which provider a settings file chooses for a plugin.

    provider: a distribution's name, or a file's absolute path. origin: the settings file.
    """

    name: str
    provider: str
    origin: str


class PluginFile(Struct, frozen=True):
    """A plugin in a file or folder.

    path: the absolute path. written: the path as the settings file has it. origin: the settings file.
    """

    path: Path
    written: str
    origin: str


class PluginSettings(Struct, frozen=True, kw_only=True):
    """The settings about plugins of all settings files and variables.

    files, choices: in the order of the settings files; earlier files override later ones.
    disabled: for each disabled plugin, the first file or variable that disables it.
    required: for each required policy, the last file that requires it. requirers: all files that require it.
    order: the names of policies in the order to apply them. order_origin: the file that contains it.
    origins: the paths of the settings files; earlier files override later ones.
    """

    files: tuple[PluginFile, ...] = ()
    disabled: Mapping[str, str] = {}
    required: Mapping[str, str] = {}
    requirers: Mapping[str, tuple[str, ...]] = {}
    order: tuple[str, ...] = ()
    order_origin: str = ""
    choices: tuple[Choice, ...] = ()
    origins: tuple[str, ...] = ()

    def counts(self, origin: str, name: str) -> bool:
        """Return whether a settings file may say who provides a plugin.

        A file that overrides one that requires the policy may not, unless it requires the policy itself.
        """
        by = self.required.get(name)
        return (
            by is None
            or origin in self.requirers.get(name, ())
            or self.origins.index(origin) >= self.origins.index(by)
        )

    def find_choices(self, name: str, *, is_policy: bool = True) -> list[Choice]:
        """Return who provides a plugin, as the settings files say. is_policy: only policies can be required.

        The first file decides; for a required policy, all files that may choose must agree.
        """
        made = [found for found in self.choices if found.name == name]
        if not is_policy:
            return made[:1]
        made = [found for found in made if self.counts(found.origin, name)]
        distinct = list({normalize(found.provider): found for found in reversed(made)}.values())
        return distinct if name in self.required else made[:1]


def plugin_settings(files: Files, environ: Mapping[str, str]) -> PluginSettings:
    """Read the tables and variables. files: earlier files override later ones. Raises SettingsError."""
    tables = [(path, _table(path, table.get(TABLE, {}))) for path, table in files]
    disabled = {name.strip(): VARIABLE for name in environ.get(VARIABLE, "").split(",") if name.strip()}
    required: dict[str, str] = {}
    requirers: dict[str, tuple[str, ...]] = {}
    for path, table in tables:
        disabled = {**dict.fromkeys(table.get("disabled", ()), str(path)), **disabled}
        for name in table.get("required", ()):
            required.pop(name, None)  # the last file that requires a policy decides its place
            required[name] = str(path)
            requirers[name] = (*requirers.get(name, ()), str(path))
    order, order_origin = next(
        ((tuple(table["order"]), str(path)) for path, table in tables if "order" in table), ((), "")
    )
    return PluginSettings(
        files=tuple(found for path, table in tables for found in _files(path, table)),
        disabled=disabled,
        required=required,
        requirers=requirers,
        order=order,
        order_origin=order_origin,
        choices=tuple(choice for path, table in tables for choice in _choices(path, table)),
        origins=tuple(str(path) for path, _ in tables),
    )


def normalize(distribution: str) -> str:
    """Return a distribution's name in the form in which packaging tools compare names."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _table(path: Path, given: Any) -> Mapping[str, Any]:
    """Return the checked table; a list is a table with `files` only."""
    table: Mapping[str, Any] = {"files": given} if isinstance(given, list) else given
    for key, value in table.items():
        if key in _LISTS:
            _check_texts(path, key, value)
        elif not isinstance(value, str):
            _check_choice(path, key)
            raise SettingsError(
                f"{str(path)!r}: plugins.{key} is {value!r}; give the name of the distribution that provides"
                f" {key!r}, or use one of the keys {', '.join(_LISTS)}"
            )
        else:
            _check_choice(path, key)
    return table


def _check_choice(path: Path, key: str) -> None:
    """Raise SettingsError for a misspelt list: its key would count as the name of a plugin."""
    from difflib import get_close_matches

    if close := get_close_matches(key, _LISTS, n=1, cutoff=0.8):
        raise SettingsError(f"{str(path)!r}: plugins.{key} is unknown; did you mean {close[0]!r}?")


def _check_texts(path: Path, key: str, value: Any) -> None:
    if not (isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value)):
        what = "paths" if key == "files" else "plugin names"
        raise SettingsError(f"{str(path)!r}: plugins.{key} is {value!r}; give a list of {what}")


def _files(path: Path, table: Mapping[str, Any]) -> Iterator[PluginFile]:
    for written in table.get("files", ()):
        yield PluginFile(absolute_path(path, written), written, str(path))


def _choices(path: Path, table: Mapping[str, Any]) -> Iterator[Choice]:
    for name, provider in table.items():
        if name not in _LISTS:
            is_path = "/" in provider or provider.endswith(".py")
            yield Choice(name, str(absolute_path(path, provider)) if is_path else provider, str(path))


def absolute_path(file: Path, written: str) -> Path:
    """Return the absolute path of a path in a settings file. Raises SettingsError if it is not a path."""
    try:
        return Path(os.path.normpath(file.parent / Path(written).expanduser()))
    except (RuntimeError, ValueError) as error:  # "~nobody/x"
        raise SettingsError(f"{str(file)!r}: {written!r} is not a path: {error}; correct it") from error
