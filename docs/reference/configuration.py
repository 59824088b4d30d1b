"""The page of dressage.toml and of variables."""

import json
from collections.abc import Iterator

from dressage.specs import configuration, plugin_settings
from dressage.specs.package_addresses import TABLES
from reference.docstrings import parse, render_parts
from reference.markdown import directive, escape, join

_OWNERS = {
    "recipes": "DRESSAGE_RECIPE_SETTING",
    "platforms": "DRESSAGE_PLATFORM_OPTION",
    "observers": "DRESSAGE_OBSERVER_OPTION",
}


def page() -> str:
    """Return a section for each key of dressage.toml, with its variable."""
    parts = parse(configuration.__doc__, keys())
    helps = {part.label: part.text for part in parts}
    text = render_parts([part for part in parts if part.label not in keys()], literal="toml")
    blocks = ["# Configuration", text, "## Keys"]
    blocks += [directive("confval", key, escape(helps.get(key, "")), _facts(key)) for key in keys()]
    return join([*blocks, *_plugins()]) + "\n"


def _plugins() -> Iterator[str]:
    """The section about the table `plugins`, which has keys for lists, and names of plugins."""
    parts = parse(plugin_settings.__doc__, plugin_settings._LISTS)
    yield "## Plugins"
    yield render_parts([part for part in parts if part.label not in plugin_settings._LISTS], literal="toml")
    for part in parts:
        if part.label in plugin_settings._LISTS:
            is_variable = part.label == "disabled"
            fact = f"Variable: `{plugin_settings.VARIABLE}`, names with commas." if is_variable else ""
            yield directive("confval", f"plugins.{part.label}", escape(part.text), fact)


def keys() -> tuple[str, ...]:
    """The keys and tables that dressage.toml may have."""
    return (*configuration.DEFAULTS, *configuration._TABLES)


def variable_of(key: str) -> str:
    """The variable of a key, or of an entry of a table."""
    if key in TABLES:
        return f"{TABLES[key]}NAME"
    return _OWNERS.get(key, f"DRESSAGE_{key.upper()}")


def _facts(key: str) -> str:
    default = configuration.DEFAULTS.get(key)
    given = "" if default is None else f"Default: `{json.dumps(default)}`. "
    entry = "" if key in configuration.DEFAULTS else " of an entry"
    more = "; see [settings and options](settings.md)" if key in _OWNERS else ""
    if key == plugin_settings.TABLE:
        return "See [plugins](#plugins)."
    return f"{given}Variable{entry}: `{variable_of(key)}`{more}."
