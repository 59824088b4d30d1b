"""Resolve a recipe's settings and a platform's options from the values of the caller and of the configuration."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from dressage.hooks.calls import PluginId, call_plugin
from dressage.hooks.declarations import ask_declaration
from dressage.hooks.plugins import Plugins
from dressage.specs.configuration import Configuration
from dressage.specs.settings import Owner, resolve


def resolve_values(
    configuration: Configuration, plugin: PluginId, owner: Owner, kind: type | None, given: Mapping[str, Any]
) -> Any:
    """Return an instance of the class that the plugin declared; None if it declared none.

    kind: the declared class. given: values by name; they take precedence over configured ones.
    Raises SettingsError for a value that is unknown or wrong.
    """
    names = tuple(item.name for item in fields(kind)) if kind else ()
    configured = configuration.values(owner, names)
    given = {name.replace("-", "_"): value for name, value in given.items()}
    values = {name: found.value for name, found in configured.items()} | given
    origins = {name: found.origin for name, found in configured.items() if name not in given}
    return call_plugin(plugin, f"its {owner.noun}s", lambda: resolve(owner, kind, values, origins))


def resolve_options(
    configuration: Configuration, plugins: Plugins, platform: str, given: Mapping[str, Any]
) -> Any:
    """Return the options of a platform, as `resolve_values` does. given: values by name."""
    kind, plugin = options_class(plugins, platform), plugins.identify("platform", platform)
    return resolve_values(configuration, plugin, Owner("platform", platform), kind, given)


def options_class(plugins: Plugins, platform: str) -> type | None:
    """Return the class of a platform's options; None if it takes none. Raises PluginError if the plugin breaks."""
    manager = plugins.manager("platform", platform)
    return ask_declaration(manager, plugins.identify("platform", platform), "options")
