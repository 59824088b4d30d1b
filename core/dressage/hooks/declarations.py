"""Ask a plugin for the class of its settings or options."""

from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal

import pluggy

from dressage.hooks.calls import PluginId, call_plugin
from dressage.specs.settings import list_settings


def ask_declaration(
    manager: pluggy.PluginManager, plugin: PluginId, hook: Literal["settings", "options"]
) -> type | None:
    """Return the dataclass that the plugin declares; None if it declares none.

    Raises PluginError if the answer is not a dataclass, or if the default of a field is missing or of a type that
    settings cannot have.
    """
    kind: Any = call_plugin(plugin, hook, getattr(manager.hook, hook))
    if kind is None:
        return None
    if not (isinstance(kind, type) and is_dataclass(kind)):
        raise plugin.error(hook, f"returned {kind!r}, not a dataclass")
    for item in fields(kind):
        if item.default is MISSING:
            reason = f"field {item.name!r} has no default; make it with setting(default, help=...)"
            raise plugin.error(hook, reason)
    for found in call_plugin(plugin, hook, lambda: list_settings(kind)):
        if not isinstance(found.default, str | int | float | tuple | None):
            default = f"{found.default!r:.200}"
            reason = f"field {found.name!r} has the default {default}; give text, a number, a tuple or None"
            raise plugin.error(hook, reason)
        if found.secret and found.type not in ("str", "str or none"):
            raise plugin.error(
                hook, f"field {found.name!r} is secret and not text; declare it as str or str | None"
            )
    return kind
