"""Resolve a platform's options from the values of the caller and of the configuration."""

from collections.abc import Mapping
from typing import Any

from dressage.hooks.declarations import ask_declaration
from dressage.hooks.plugins import Plugins
from dressage.hooks.values import resolve_values
from dressage.specs.configuration import Configuration
from dressage.specs.settings import Owner


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
