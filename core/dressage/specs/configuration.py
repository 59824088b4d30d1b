"""Where values come from: the command line, then variables, dressage.toml, the user's file, the machine's, defaults.

`dressage.toml` is looked for upward from the current folder. The user's own file has the same name and format; it is
in the folder of configuration files, on Linux `~/.config/dressage/`. The machine's is in `/etc/xdg/dressage/`, and in
`dressage/` below each folder of the variable XDG_CONFIG_DIRS.

    on = "local"                 # DRESSAGE_ON
    experiment = "digits"        # DRESSAGE_EXPERIMENT
    workspace = "records"        # DRESSAGE_WORKSPACE; from the folder of this file
    snapshot_limit_mb = 300      # DRESSAGE_SNAPSHOT_LIMIT_MB

    [recipes.keras-mnist]        # any setting of the recipe
    epochs = 5                   # DRESSAGE_KERAS_MNIST_EPOCHS

    [platforms.local]            # any option of the platform
    grace_s = 5                  # DRESSAGE_LOCAL_GRACE_S

    [indexes]                    # package indexes by the name that an environment gives
    lab = "https://user:password@packages.example/simple"   # DRESSAGE_INDEX_LAB

    [find_links]                 # folders or pages of distributions; a path is taken from the folder of this file
    wheels = "wheels"            # DRESSAGE_FIND_LINKS_WHEELS

    [plugins]
    files = ["plugins/iris.py"]  # plugins of this project: files, or folders with an __init__.py
    disabled = ["house"]         # DRESSAGE_PLUGINS_DISABLED
    required = ["safety"]        # policies without which nothing runs
    order = ["cost", "house"]    # order in which policies are applied
    mnist = "lab"                # the distribution that provides the plugin "mnist"

on: the platform that runs execute on.
experiment: the experiment to group runs under; by default the recipe's name.
workspace: the folder of the workspace; by default `.dressage`, looked for upward.
snapshot_limit_mb: how large the copy of a source directory may be, in megabytes.
recipes: settings of recipes, a table for each recipe.
platforms: options of platforms, a table for each platform.
indexes: addresses of package indexes, by the names that environments give. A variable may add one that no file has:
    DRESSAGE_INDEX_OUR_LAB is the address of "our-lab".
find_links: folders or pages of distributions, by the names that environments give.
plugins: which plugins are used; a list alone stands for `files`. The lists of all files count together, except for
    `order`, of which the strongest file's counts. A required policy cannot be disabled, nor provided by a project.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dressage.errors import SettingsError, describe_unknown
from dressage.specs.package_addresses import TABLES as _ADDRESSES
from dressage.specs.package_addresses import package_addresses
from dressage.specs.plugin_settings import TABLE as _PLUGINS
from dressage.specs.plugin_settings import PluginSettings, plugin_settings
from dressage.specs.settings import Owner

FILE = "dressage.toml"
DEFAULTS: Mapping[str, str | int | None] = {
    "on": "local",
    "experiment": None,
    "workspace": None,
    "snapshot_limit_mb": 300,
}
_TABLES = ("recipes", "platforms", _PLUGINS, *_ADDRESSES)
_MACHINE = "/etc/xdg"
_PATHS = ("workspace",)
_WORDS = {dict: "table", str: "text", int: "whole number above 0"}


@dataclass(frozen=True, slots=True)
class Value:
    """One value and where it came from: "default", a variable's name or a file's path."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """The layers below the flags; `files` from the strongest to the weakest."""

    environ: Mapping[str, str] = field(repr=False)  # it holds secrets
    files: tuple[tuple[Path, Mapping[str, Any]], ...] = field(default=())

    def option(self, name: str) -> Value:
        """The value of one of `DEFAULTS`. Raises SettingsError if a variable's text is not of its type."""
        variable = f"DRESSAGE_{name.upper()}"
        if self.environ.get(variable):
            return Value(_convert(variable, name, self.environ[variable]), variable)
        for path, table in self.files:
            if name in table:
                value = str(path.parent / Path(table[name]).expanduser()) if name in _PATHS else table[name]
                return Value(value, str(path))
        return Value(DEFAULTS[name], "default")

    def values(self, owner: Owner, declared: Iterable[str]) -> dict[str, Value]:
        """Return what is configured for a recipe's settings or a platform's options, defaults not included.

        declared: the names that a variable may set. Other names in a file come along, so that they are refused.
        """
        found = {}
        for path, table in reversed(self.files):
            for name, value in _table(path, table, owner).items():
                found[name.replace("-", "_")] = Value(value, str(path))
        for name in declared:
            variable = f"DRESSAGE_{owner.name}_{name}".replace("-", "_").upper()
            if variable in self.environ:
                found[name] = Value(self.environ[variable], variable)
        return found

    def indexes(self) -> dict[str, str]:
        """Addresses of package indexes by name; they may hold credentials. Raises SettingsError for a bad one."""
        return package_addresses("indexes", self.files, self.environ)

    def find_links(self) -> dict[str, str]:
        """Addresses of pages and folders of distributions by name, as `indexes`."""
        return package_addresses("find_links", self.files, self.environ)

    def plugins(self) -> PluginSettings:
        """What is said about plugins. Raises SettingsError for a value of a wrong type."""
        return plugin_settings(self.files, self.environ)


def load(start: Path, environ: Mapping[str, str]) -> Configuration:
    """Read the project's file, found upward from `start`, the user's and the machine's.

    Raises SettingsError for a bad one.
    """
    places = [
        next((p for p in (d / FILE for d in (start, *start.parents)) if p.is_file()), None),
        user_file(),
        *machine_files(),
    ]
    files = tuple((path, _read(path)) for path in dict.fromkeys(places) if path and path.is_file())
    return Configuration(environ, files)


def user_file() -> Path:
    """Return the path of the user's own file.

    Only the variables of the process can move it: the file may require policies.
    """
    from platformdirs import user_config_path

    return user_config_path("dressage", appauthor=False) / FILE


def machine_files() -> tuple[Path, ...]:
    """Return the paths of the operator's files. XDG_CONFIG_DIRS can add folders, but not remove the standard one."""
    folders = [folder for folder in os.environ.get("XDG_CONFIG_DIRS", "").split(os.pathsep) if folder]
    return tuple(Path(folder) / "dressage" / FILE for folder in (*folders, _MACHINE))


def _read(path: Path) -> Mapping[str, Any]:
    import tomllib

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{str(path)!r} is not valid TOML: {error}; correct it") from error
    for key, value in table.items():
        if key not in DEFAULTS and key not in _TABLES:
            raise SettingsError(f"{str(path)!r}: {describe_unknown('key', key, [*DEFAULTS, *_TABLES])}")
        if key in _ADDRESSES and not _fits(key, value):  # whose value may hold a password
            raise SettingsError(f"{str(path)!r}: {key} is not a table; write [{key}], and names below it")
        if not _fits(key, value):
            raise SettingsError(f"{str(path)!r}: {key} is {value!r}; give a {_WORDS[_type_of(key)]}")
    return table


def _type_of(key: str) -> type:
    if key in _TABLES:
        return dict
    return int if isinstance(DEFAULTS[key], int) else str


def _fits(key: str, value: Any) -> bool:
    if key == _PLUGINS and isinstance(value, list):  # short for its files
        return True
    return type(value) is _type_of(key) and (type(value) is not int or value > 0)


def _convert(variable: str, option: str, text: str) -> str | int:
    value = int(text) if _type_of(option) is int and text.isdecimal() else text
    if not _fits(option, value):
        raise SettingsError(f"{variable} is {text!r}; give a {_WORDS[_type_of(option)]}")
    return value


def _table(path: Path, table: Mapping[str, Any], owner: Owner) -> Mapping[str, Any]:
    kind = f"{owner.kind}s"
    found = table.get(kind, {}).get(owner.name, {})
    if not isinstance(found, Mapping):
        raise SettingsError(f"{str(path)!r}: {kind}.{owner.name} is {found!r}; make it a table")
    return found
