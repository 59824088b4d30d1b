"""Load observers, and find those that want to be called."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pluggy
from msgspec import Struct

from dressage.errors import DressageError, NotFoundError
from dressage.hooks.calls import PluginId, call_plugin
from dressage.hooks.declarations import ask_declaration
from dressage.hooks.plugins import Plugins
from dressage.hooks.values import resolve_values
from dressage.specs.configuration import Configuration
from dressage.specs.settings import Owner

MIRROR = "mirror"
"""The hook, and the setting that enables it."""
Active = tuple[str, DressageError | None]
"""The name of an observer to call, and why it cannot be loaded now."""
_ABOUT = frozenset({"options", "enabled", "secrets"})


class Observer(Struct, frozen=True):
    """A loaded observer. manager: contains this observer only. options: as it declared them, or None."""

    plugin: PluginId
    manager: pluggy.PluginManager
    options: Any

    @property
    def hooks(self) -> frozenset[str]:
        """The names of the events that it has a hook for; without those that only say something about it."""
        callers = self.manager.get_hookcallers(self.manager.get_plugin(self.plugin.name)) or ()
        return frozenset(caller.name for caller in callers) - _ABOUT

    def ask(self, hook: str) -> Any:
        """Return the answer of one of the hooks that say something about the observer. Raises PluginError."""
        return call_plugin(
            self.plugin, hook, lambda: getattr(self.manager.hook, hook)(options=self.options), watched=False
        )

    @property
    def is_enabled(self) -> bool:
        """Whether it wants to be called. Raises PluginError if it breaks."""
        return self.ask("enabled") is not False

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the variables that it needs. Raises PluginError if it breaks."""
        found = self.ask("secrets") or ()
        is_list = isinstance(found, Iterable) and not isinstance(found, str)
        names = tuple(found) if is_list else ()
        if not is_list or not all(isinstance(name, str) for name in names):
            raise self.plugin.error("secrets", f"returned {found!r:.200}, not a list of names of variables")
        return names

    def call(self, hook: str, arguments: Mapping[str, Any]) -> Any:
        """Call a hook. Raises PluginError for any exception that is not an error of dressage."""
        caller = getattr(self.manager.hook, hook)
        return call_plugin(
            self.plugin, hook, lambda: caller(**arguments, options=self.options), watched=False
        )


def load_observer(plugins: Plugins, configuration: Configuration, name: str) -> Observer:
    """Load an observer. Raises NotFoundError, SettingsError for a wrong option, PluginError if it breaks."""
    manager, plugin = plugins.manager("observer", name), plugins.identify("observer", name)
    kind = ask_declaration(manager, plugin, "options")
    options = resolve_values(configuration, plugin, Owner("observer", name), kind, {})
    observer = Observer(plugin, manager, options)
    if not observer.hooks:
        raise plugin.error("registering", "it has no hook for an event; mark one with @hookimpl")
    if MIRROR in observer.hooks and len(observer.hooks) > 1:
        raise plugin.error(
            "registering", "it has the hook 'mirror' and hooks for events; make two observers of it"
        )
    return observer


def is_active(observer: Observer, configuration: Configuration) -> bool:
    """Return whether an observer is called for new runs: it is enabled, or it mirrors and the setting is set."""
    if MIRROR in observer.hooks:
        return configuration.option(MIRROR).value is not None
    return observer.is_enabled


def find_active(plugins: Plugins, configuration: Configuration) -> Iterator[Active]:
    """Yield the names of the observers to call for a new run.

    An observer that cannot be loaded is among them, with the error: it may work when the events are delivered.
    """
    for name in plugins.names("observer"):
        try:
            if is_active(load_observer(plugins, configuration, name), configuration):
                yield name, None
        except DressageError as error:
            yield name, error


def find_mirror(plugins: Plugins, configuration: Configuration) -> Observer:
    """Return the observer that can copy a run to a server. Raises NotFoundError if none can."""
    for name in plugins.names("observer"):
        observer = load_observer(plugins, configuration, name)
        if MIRROR in observer.hooks:
            return observer
    raise NotFoundError("no observer with the hook 'mirror' is installed; install or enable one")
