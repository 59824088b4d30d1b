"""The page of the settings of first-party recipes, and the options of first-party platforms and observers."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, Literal

from dressage import Engine
from dressage.hooks.calls import PluginId
from dressage.hooks.declarations import ask_declaration
from dressage.specs.downloads import TABLE, DownloadLimits
from dressage.specs.settings import Owner, list_settings
from reference.markdown import directive, escape, join

_PROJECT = Path(__file__).parents[2] / "pyproject.toml"
_HOOKS: Mapping[str, Literal["settings", "options"]] = {
    "recipe": "settings",
    "platform": "options",
    "observer": "options",
}
_WAYS = {"recipe": "--set NAME=VALUE", "platform": "-O NAME=VALUE"}


def page() -> str:
    """Return a section for each recipe and platform that this project declares."""
    blocks = ["# Settings and options"]
    blocks.append(
        "A recipe has settings; a platform and an observer have options. Each is set on the command line (not for"
        " observers), by a variable, or in [`dressage.toml`](configuration.md); the first of these that is given"
        " applies."
    )
    for kind in ("recipe", "platform", "observer"):
        for name in first_party(kind):
            blocks += _plugin_section(kind, name)
    blocks.append("(settings-downloads)=\n## Downloads")
    blocks += _items(Owner("table", TABLE), TABLE, DownloadLimits)
    return join(blocks) + "\n"


def first_party(kind: Literal["recipe", "platform", "observer"]) -> list[str]:
    """The names of the entry points that pyproject.toml declares."""
    groups = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["entry-points"]
    return sorted(groups[f"dressage.{kind}s"])


def variable_of(owner: Owner, name: str) -> str:
    return f"DRESSAGE_{owner.name}_{name}".replace("-", "_").upper()


def _plugin_section(kind: Literal["recipe", "platform", "observer"], name: str) -> Iterator[str]:
    yield f"(settings-{name})=\n## {kind.capitalize()} {name}"
    owner, manager = Owner(kind, name), Engine().plugins.manager(kind, name)
    declared = ask_declaration(manager, PluginId(name), _HOOKS[kind])
    if declared is None:
        yield f"It has no {owner.noun}s."
        return
    yield from _items(owner, f"{kind}s.{name}", declared)


def _items(owner: Owner, table: str, kind: type) -> Iterator[str]:
    """Describe the settings that a class declares. table: of the settings file."""
    way = f"On the command line: `{_WAYS[owner.kind]}`. " if owner.kind in _WAYS else ""
    yield f"{way}In `dressage.toml`: the table `[{table}]`."
    bounds = {item.name: _bounds(item) for item in fields(kind)}
    for item in list_settings(kind):
        default = "none" if item.default is None else json.dumps(item.default)
        facts = (
            f"Type: {escape(item.type)}{bounds[item.name]}. Default: `{default}`."
            f" Variable: `{variable_of(owner, item.name)}`."
        )
        title = f"{table}.{item.name}"
        yield directive("confval", title, escape(item.help), facts, options={"no-contents-entry": ""})


def _bounds(item: "Field[Any]") -> str:
    metadata: Mapping[str, Any] = item.metadata
    words = (("at least", metadata.get("minimum")), ("at most", metadata.get("maximum")))
    given = [f"{word} {bound}" for word, bound in words if bound is not None]
    return f", {' and '.join(given)}" if given else ""
