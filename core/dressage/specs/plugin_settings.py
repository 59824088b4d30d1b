"""Which plugins are used: what settings files and variables say about them.

    [plugins]
    files = ["./plugins/iris.py"]
    disabled = ["house"]         # DRESSAGE_PLUGINS_DISABLED=house,cost adds others
    required = ["house"]
    order = ["cost", "house"]
    mnist = "lab"                # the distribution, or the file, that provides the plugin 'mnist'

If there are only files, `plugins = ["./plugins/iris.py"]` means the same as `files` in the table.

files: plugins of this project: Python files, or folders with an `__init__.py`.
disabled: plugins that are not loaded.
required: policies that must be there: without one of them, nothing is planned. They are applied last.
order: the order in which policies are applied.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dressage.errors import SettingsError

TABLE = "plugins"
VARIABLE = "DRESSAGE_PLUGINS_DISABLED"
_LISTS = ("files", "disabled", "required", "order")
Files = Sequence[tuple[Path, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Choice:
    """Who provides a plugin. provider: a distribution's name, or a file's absolute path."""

    name: str
    provider: str
    origin: str


@dataclass(frozen=True, slots=True)
class PluginFile:
    """A plugin outside of any distribution. path: absolute. origin: the settings file that names it."""

    path: Path
    written: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSettings:
    """files, choices: all of them, those of the strongest settings file first.

    disabled, required: the origin by the plugin's name; the strongest for the first, the weakest for the second.
    origins: the settings files, the strongest first. order_origin: the file that gives the order.
    """

    files: tuple[PluginFile, ...] = ()
    disabled: Mapping[str, str] = field(default_factory=dict)
    required: Mapping[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    order_origin: str = ""
    choices: tuple[Choice, ...] = ()
    origins: tuple[str, ...] = ()

    def counts(self, origin: str, name: str) -> bool:
        """Whether a settings file may say who provides the plugin.

        A project's may not, for a policy that an operator requires.
        """
        by = self.required.get(name)
        return by is None or self.origins.index(origin) >= self.origins.index(by)

    def choice(self, name: str) -> Choice | None:
        """Who provides the plugin of that name, as the strongest file that may say so has it."""
        made = (found for found in self.choices if found.name == name and self.counts(found.origin, name))
        return next(made, None)


def plugin_settings(files: Files, environ: Mapping[str, str]) -> PluginSettings:
    """Read the tables and variables. files: the strongest first. Raises SettingsError for a value of a wrong type."""
    tables = [(path, _table(path, table.get(TABLE, {}))) for path, table in files]
    disabled = {name.strip(): VARIABLE for name in environ.get(VARIABLE, "").split(",") if name.strip()}
    required: dict[str, str] = {}
    for path, table in tables:
        disabled = {**dict.fromkeys(table.get("disabled", ()), str(path)), **disabled}
        for name in table.get("required", ()):
            required.pop(name, None)  # the weakest file comes last, and has the last word
            required[name] = str(path)
    order, order_origin = next(
        ((tuple(table["order"]), str(path)) for path, table in tables if "order" in table), ((), "")
    )
    return PluginSettings(
        files=tuple(found for path, table in tables for found in _files(path, table)),
        disabled=disabled,
        required=required,
        order=order,
        order_origin=order_origin,
        choices=tuple(choice for path, table in tables for choice in _choices(path, table)),
        origins=tuple(str(path) for path, _ in tables),
    )


def normalize(distribution: str) -> str:
    """A distribution's name as packaging tools compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _table(path: Path, given: Any) -> Mapping[str, Any]:
    """The table; a list alone stands for its `files`."""
    table: Mapping[str, Any] = {"files": given} if isinstance(given, list) else given
    for key, value in table.items():
        if key in _LISTS:
            _check_texts(path, key, value)
        elif not isinstance(value, str):
            raise SettingsError(
                f"{str(path)!r}: plugins.{key} is {value!r}; give the name of the distribution that provides"
                f" {key!r}, or use one of the keys {', '.join(_LISTS)}"
            )
    return table


def _check_texts(path: Path, key: str, value: Any) -> None:
    if not (isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value)):
        what = "paths" if key == "files" else "names of plugins"
        raise SettingsError(f"{str(path)!r}: plugins.{key} is {value!r}; give a list of {what}")


def _files(path: Path, table: Mapping[str, Any]) -> Iterator[PluginFile]:
    for written in table.get("files", ()):
        yield PluginFile(_resolve(path, written), written, str(path))


def _choices(path: Path, table: Mapping[str, Any]) -> Iterator[Choice]:
    for name, provider in table.items():
        if name not in _LISTS:
            is_path = "/" in provider or provider.endswith(".py")
            yield Choice(name, str(_resolve(path, provider)) if is_path else provider, str(path))


def _resolve(path: Path, written: str) -> Path:
    return (path.parent / Path(written).expanduser()).resolve()
