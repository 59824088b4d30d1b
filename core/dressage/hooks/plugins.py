"""Finding plugins, and naming the one that broke.

Three entry point groups: a *recipe* and a *platform* go by their entry point's name and are loaded when
a command names them; *wrappers* (group `dressage.plugins`) are loaded for every plan. A recipe or platform that
cannot be loaded raises PluginError only when it is asked for by name; a wrapper, whenever a plan is made.
"""

from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Any, Literal, Protocol

import pluggy

from dressage.errors import DressageError, NotFoundError, PluginError, unknown
from dressage.hooks import entrypoints
from dressage.hooks import specs as hookspecs
from dressage.hooks.calls import call_plugin

Kind = Literal["recipe", "platform", "wrapper"]
GROUPS: dict[Kind, str] = {
    "recipe": "dressage.recipes",
    "platform": "dressage.platforms",
    "wrapper": "dressage.plugins",
}


class Loadable(Protocol):
    """An entry point, or a plugin object that was added by hand."""

    @property
    def name(self) -> str: ...
    @property
    def source(self) -> str: ...
    def load(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Added:
    """A plugin handed to the engine as an object."""

    name: str
    plugin: Any
    source: str = "added by the program"

    def load(self) -> Any:
        return self.plugin


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginStatus:
    """What became of one plugin. source: the distribution it came with. error: why it was skipped."""

    name: str
    kind: Kind
    source: str
    error: str | None = None


@dataclass
class Plugins:
    """The plugins of one engine; nothing here is shared between engines."""

    added: dict[tuple[Kind, str], Added] = field(default_factory=dict)
    _loaded: dict[tuple[Kind, str], Any] = field(default_factory=dict)

    def add(self, kind: Kind, name: str, plugin: Any) -> None:
        """Put a plugin object beside, or in place of, the installed ones."""
        self.added[kind, name] = Added(name, plugin)
        self._loaded.pop((kind, name), None)

    @cached_property
    def _installed(self) -> dict[tuple[Kind, str], entrypoints.EntryPoint]:
        kinds = {group: kind for kind, group in GROUPS.items()}
        return {(kinds[point.group], point.name): point for point in entrypoints.found(kinds)}

    @property
    def known(self) -> dict[tuple[Kind, str], Loadable]:
        return {**self._installed, **self.added}

    def names(self, kind: Kind) -> list[str]:
        return sorted(name for known, name in self.known if known == kind)

    def load(self, kind: Kind, name: str) -> Any:
        """The plugin of that name. Raises NotFoundError, or PluginError if it cannot be imported."""
        if (kind, name) not in self.known:
            raise NotFoundError(unknown(kind, name, self.names(kind)))
        if (kind, name) not in self._loaded:
            self._loaded[kind, name] = _imported(self.known[kind, name])
        return self._loaded[kind, name]

    def manager(self, kind: Kind, name: str) -> pluggy.PluginManager:
        """A fresh manager with the one plugin, checked against the hooks. Raises PluginError naming it."""
        manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs)
        register(manager, name, self.load(kind, name))
        return manager

    def wrappers(self) -> dict[str, Any]:
        """The wrapper plugins by name. Raises PluginError for one that cannot be imported."""
        return {name: self.load("wrapper", name) for name in self.names("wrapper")}

    def statuses(self) -> list[PluginStatus]:
        """Every plugin, loaded to see whether it can be."""
        return [self._status(kind, name) for kind, name in sorted(self.known)]

    def _status(self, kind: Kind, name: str) -> PluginStatus:
        source = self.known[kind, name].source
        try:
            self.manager(kind, name)
        except PluginError as error:
            return PluginStatus(name=name, kind=kind, source=source, error=str(error))
        return PluginStatus(name=name, kind=kind, source=source)


def register(manager: pluggy.PluginManager, name: str, plugin: Any, key: str | None = None) -> None:
    """Register one plugin and refuse hooks that are misspelt or take arguments that do not exist.

    key: what the manager calls it, its name by default.
    """
    call_plugin(name, "registering", lambda: manager.register(plugin, key or name))
    call_plugin(name, "registering", manager.check_pending)


def _imported(plugin: Loadable) -> ModuleType | Any:
    try:
        return call_plugin(plugin.name, "import", plugin.load)
    except PluginError:
        raise
    except DressageError as error:  # as of a description that is made at import
        raise PluginError(plugin.name, "import", str(error)) from error
