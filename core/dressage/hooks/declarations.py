"""Asking a plugin for the class of its settings or options."""

from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal

import pluggy

from dressage.errors import PluginError
from dressage.hooks.calls import call_plugin


def ask_declaration(
    manager: pluggy.PluginManager, plugin: str, hook: Literal["settings", "options"]
) -> type | None:
    """Return the dataclass that the plugin declares, None if it declares none.

    Raises PluginError if the answer is something else, or if a field has no default.
    """
    kind: Any = call_plugin(plugin, hook, getattr(manager.hook, hook))
    if kind is None:
        return None
    if not (isinstance(kind, type) and is_dataclass(kind)):
        raise PluginError(plugin, hook, f"returned {kind!r}, not a dataclass")
    for item in fields(kind):
        if item.default is MISSING:
            reason = f"field {item.name!r} has no default; make it with setting(default, help=...)"
            raise PluginError(plugin, hook, reason)
    return kind
