"""Resolve the settings or options that a plugin declares, from given values and the configuration."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from dressage.hooks.calls import PluginId, call_plugin
from dressage.hooks.secret_values import place_secrets
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
    values |= call_plugin(plugin, f"its {owner.noun}s", lambda: place_secrets(owner, kind, given, configured))
    origins = {name: found.origin for name, found in configured.items() if name not in given}
    return call_plugin(plugin, f"its {owner.noun}s", lambda: resolve(owner, kind, values, origins))
