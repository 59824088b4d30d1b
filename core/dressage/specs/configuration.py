"""Read the configuration: variables, `dressage.toml`, the user's file, the machine's file, and defaults.

Earlier sources override later ones; options on the command line override all. `dressage.toml` is searched for in the
current folder and the folders above. The user's file has the same name and format and is in the folder of
configuration files, on Linux `~/.config/dressage/`. The machine's file is in `/etc/xdg/dressage/`, and in `dressage/`
below each folder of the variable XDG_CONFIG_DIRS.

    on = "local"                 # DRESSAGE_ON
    experiment = "digits"        # DRESSAGE_EXPERIMENT
    workspace = "records"        # DRESSAGE_WORKSPACE; relative to this file
    workspace_mode = "group"     # DRESSAGE_WORKSPACE_MODE
    snapshot_limit_mb = 300      # DRESSAGE_SNAPSHOT_LIMIT_MB
    mirror = "https://mlflow.example"   # DRESSAGE_MIRROR

    [recipes.keras-mnist]        # any setting of the recipe
    epochs = 5                   # DRESSAGE_KERAS_MNIST_EPOCHS

    [platforms.local]            # any option of the platform
    grace_s = 5                  # DRESSAGE_LOCAL_GRACE_S

    [observers.webhook]          # any option of the observer
    url = "https://chat.example/hook"   # DRESSAGE_WEBHOOK_URL

    [indexes]                    # package indexes by the name that environments use
    lab = "https://user:password@packages.example/simple"   # DRESSAGE_INDEX_LAB

    [downloads]                  # limits of downloads
    stall_seconds = 60           # DRESSAGE_DOWNLOADS_STALL_SECONDS

    [find_links]                 # folders or pages of distributions; a path is relative to this file
    wheels = "wheels"            # DRESSAGE_FIND_LINKS_WHEELS

    [plugins]
    files = ["plugins/iris.py"]  # plugins of this project: files, or folders with an __init__.py
    disabled = ["house"]         # DRESSAGE_PLUGINS_DISABLED
    required = ["safety"]        # policies that must judge every plan
    order = ["cost", "house"]    # order in which policies are applied
    mnist = "lab"                # the distribution that provides the plugin "mnist"

on: the platform that runs execute on.
experiment: the experiment to group runs under; by default the recipe's name.
workspace: the folder of the workspace; by default `.dressage` in the current folder or the nearest folder above.
workspace_mode: who may use a workspace that is created: "private" (only you), "group" (all members of its folder's
    group), or the mode of the folder as in chmod, such as "2770".
snapshot_limit_mb: the largest allowed size of the copy of a source directory, in megabytes.
mirror: the address of an MLflow tracking server; everything that runs record is sent there, too.
recipes: settings of recipes, a table for each recipe.
platforms: options of platforms, a table for each platform.
observers: options of observers, a table for each observer.
indexes: addresses of package indexes, by the names that environments use. A variable can add an index that is in no
    file: DRESSAGE_INDEX_OUR_LAB is the address of "our-lab".
find_links: folders or pages of distributions, by the names that environments use.
downloads: how slow a server may be and how long a file may take: `min_bytes_per_second`, `stall_seconds`,
    `timeout_seconds`.
plugins: which plugins are used; a list instead of a table means `files`. The lists of all settings files are
    combined, except `order`: the file that overrides the others decides. A required policy cannot be disabled, and
    a project cannot provide it.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dressage.errors import SettingsError, describe_unknown
from dressage.files.toml import read_toml
from dressage.specs.downloads import TABLE as _DOWNLOADS
from dressage.specs.downloads import DownloadLimits
from dressage.specs.package_addresses import TABLES as _ADDRESSES
from dressage.specs.package_addresses import package_addresses
from dressage.specs.plugin_settings import TABLE as _PLUGINS
from dressage.specs.plugin_settings import PluginSettings, absolute_path, plugin_settings
from dressage.specs.settings import Owner, list_settings, resolve

FILE = "dressage.toml"
DEFAULTS: Mapping[str, str | int | None] = {
    "on": "local",
    "experiment": None,
    "workspace": None,
    "workspace_mode": "private",
    "snapshot_limit_mb": 300,
    "mirror": None,
}
_TABLES = ("recipes", "platforms", "observers", _PLUGINS, _DOWNLOADS, *_ADDRESSES)
_MACHINE = "/etc/xdg"
_PATHS = ("workspace",)
_MODES: Mapping[str, str] = {"private": "700", "group": "2770"}  # 2: new files belong to the folder's group
_MODE = re.compile("[0-7]{3,4}")
_WORDS = {dict: "a table", str: "text", int: "a whole number above 0"}


@dataclass(frozen=True, slots=True)
class Value:
    """One value and where it came from: "default", a variable's name or a file's path."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """What variables and settings files say. files: their paths and tables; earlier files override later ones."""

    environ: Mapping[str, str] = field(repr=False)  # it contains secrets
    files: tuple[tuple[Path, Mapping[str, Any]], ...] = field(default=())

    def option(self, name: str) -> Value:
        """Return the value of one of `DEFAULTS`. Raises SettingsError if a variable has the wrong type."""
        variable = f"DRESSAGE_{name.upper()}"
        if self.environ.get(variable):
            return Value(_convert(variable, name, self.environ[variable]), variable)
        for path, table in self.files:
            if name in table:
                value = str(absolute_path(path, table[name])) if name in _PATHS else table[name]
                return Value(value, str(path))
        return Value(DEFAULTS[name], "default")

    def workspace_mode(self) -> int:
        """Return the permissions of a new workspace's folder. Raises SettingsError for a value that is none."""
        found = self.option("workspace_mode")
        text = _MODES.get(found.value, found.value)
        mode = int(text, 8) if _MODE.fullmatch(text) else 0
        if mode & 0o700 != 0o700:
            raise SettingsError(
                f'{found.origin}: workspace_mode is {found.value!r}; give "private", "group", or a mode as in'
                ' chmod in which the owner may do everything, such as "2770"'
            )
        return mode

    def values(self, owner: Owner, declared: Iterable[str]) -> dict[str, Value]:
        """Return the configured settings of a recipe, or options of a platform or observer, without defaults.

        declared: the names to look for among the variables. All names in a file are returned: the caller
            checks for unknown ones.
        """
        found = {}
        for path, table in reversed(self.files):
            for name, value in _table(path, table, owner).items():
                found[name.replace("-", "_")] = Value(value, str(path))
        for name in declared:
            variable = variable_of(owner, name)
            if variable in self.environ:
                found[name] = Value(self.environ[variable], variable)
        return found

    def indexes(self) -> dict[str, str]:
        """Return the addresses of package indexes by name; they may contain credentials. Raises SettingsError."""
        return package_addresses("indexes", self.files, self.environ)

    def find_links(self) -> dict[str, str]:
        """Return the addresses of pages and folders of distributions by name. Raises SettingsError."""
        return package_addresses("find_links", self.files, self.environ)

    def downloads(self) -> DownloadLimits:
        """Return the limits of downloads. Raises SettingsError for a wrong value."""
        owner = Owner("table", _DOWNLOADS)
        found = self.values(owner, (item.name for item in list_settings(DownloadLimits)))
        values = {name: value.value for name, value in found.items()}
        origins = {name: value.origin for name, value in found.items()}
        limits: DownloadLimits = resolve(owner, DownloadLimits, values, origins)
        return limits

    def plugins(self) -> PluginSettings:
        """Return the settings about plugins. Raises SettingsError for a value of the wrong type."""
        return plugin_settings(self.files, self.environ)


def variable_of(owner: Owner, name: str) -> str:
    """Return the variable that sets a recipe's setting, or an option of a platform or observer."""
    return f"DRESSAGE_{owner.name}_{name}".replace("-", "_").upper()


def load(start: Path, environ: Mapping[str, str]) -> Configuration:
    """Read the settings files of the project, the user and the machine.

    start: the folder to look for the project's file in; then the folders above it are searched.
    Raises SettingsError for a file that is not valid TOML, an unknown key or a value of the wrong type.
    """
    project = next(
        (path for path in (folder / FILE for folder in (start, *start.parents)) if _exists(path)), None
    )
    places = [*([project] if project else []), user_file(), *machine_files()]
    weakest_first = dict.fromkeys(reversed(places))  # a file in two places is read once, as the weakest
    files = tuple((path, _read(path)) for path in reversed(weakest_first) if _exists(path))
    return Configuration(environ, files)


def user_file() -> Path:
    """Return the path of the user's own file.

    Only the variables of the process can move it: the file may require policies.
    """
    from platformdirs import user_config_path

    return user_config_path("dressage", appauthor=False) / FILE


def machine_files() -> tuple[Path, ...]:
    """Return the paths of the operator's files. XDG_CONFIG_DIRS can add folders, but not remove the standard one."""
    folders = filter(os.path.isabs, os.environ.get("XDG_CONFIG_DIRS", "").split(os.pathsep))
    return tuple(Path(folder) / "dressage" / FILE for folder in (*folders, _MACHINE))


def _exists(path: Path) -> bool:
    """Return whether the path exists, even as a broken link: a file that cannot be read must not be ignored."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _read(path: Path) -> Mapping[str, Any]:
    import tomllib

    try:
        table = read_toml(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"cannot read {str(path)!r}: {error.strerror}; repair or remove it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{str(path)!r} is not valid TOML: {error}; correct it") from error
    for key, value in table.items():
        if key not in DEFAULTS and key not in _TABLES:
            raise SettingsError(f"{str(path)!r}: {describe_unknown('key', key, [*DEFAULTS, *_TABLES])}")
        if key in _ADDRESSES and not _fits(key, value):  # the value may contain a password
            raise SettingsError(f"{str(path)!r}: {key} is not a table; write [{key}], and names below it")
        if key == "mirror" and not _fits(key, value):  # the same
            raise SettingsError(f"{str(path)!r}: {key} is not text; give the address of an MLflow server")
        if not _fits(key, value):
            raise SettingsError(f"{str(path)!r}: {key} is {value!r}; give {_WORDS[_type_of(key)]}")
    return table


def _type_of(key: str) -> type:
    """Return the type that the value of a key must have."""
    if key in _TABLES:
        return dict
    return int if isinstance(DEFAULTS[key], int) else str


def _fits(key: str, value: Any) -> bool:
    if key == _PLUGINS and isinstance(value, list):  # a list means `files`
        return True
    return type(value) is _type_of(key) and (type(value) is not int or value > 0)


def _convert(variable: str, option: str, text: str) -> str | int:
    """Return a variable's text as the type of the option. Raises SettingsError if it does not fit."""
    value = int(text) if _type_of(option) is int and text.isdecimal() else text
    if not _fits(option, value):
        raise SettingsError(f"{variable} is {text!r}; give {_WORDS[_type_of(option)]}")
    return value


def _table(path: Path, table: Mapping[str, Any], owner: Owner) -> Mapping[str, Any]:
    """Return a settings file's table for a plugin, or of core; an empty one if the file has none."""
    if owner.kind == "table":
        core: Mapping[str, Any] = table.get(owner.name, {})
        return core
    kind = f"{owner.kind}s"
    found = table.get(kind, {}).get(owner.name, {})
    if not isinstance(found, Mapping):
        raise SettingsError(f"{str(path)!r}: {kind}.{owner.name} is {found!r}; make it a table")
    return found
