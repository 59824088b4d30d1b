"""What became of each plugin: for lists and checks."""

from collections.abc import Iterator
from dataclasses import dataclass

from dressage.errors import DressageError
from dressage.hooks.plugin_files import Kind
from dressage.hooks.plugins import Plugins
from dressage.hooks.policies import load_policy, order_policies


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginStatus:
    """What became of one plugin.

    kind: "recipe", "platform" or "policy"; "unknown" for what was meant as a plugin and is none.
    source: the distribution or file that it comes from. contract: which it is written for, if it can be loaded.
    error: why it cannot be used. note: where a policy stands in their order, and who requires or disables a plugin.
    """

    name: str
    kind: str
    source: str
    contract: int | None = None
    error: str | None = None
    note: str | None = None


def list_statuses(plugins: Plugins) -> list[PluginStatus]:
    """Return every plugin, loaded to see whether it can be; policies first, in the order they are applied."""
    return [*_policies(plugins), *_others(plugins), *_unusable(plugins)]


def _policies(plugins: Plugins) -> Iterator[PluginStatus]:
    try:
        order = order_policies(plugins)
    except DressageError as error:
        order = plugins.names("policy")
        yield PluginStatus(name="policies", kind="policy", source="", error=str(error))
    for place, name in enumerate(order, 1):
        required_by = plugins.settings.required.get(name)
        note = f"number {place} of {len(order)}" + (f", required by {required_by}" if required_by else "")
        yield from _statuses(plugins, "policy", name, note)
    for name in plugins.settings.disabled:
        if plugins.is_disabled("policy", name):
            yield from _statuses(plugins, "policy", name)


def _others(plugins: Plugins) -> Iterator[PluginStatus]:
    for kind, name in plugins.list_all():
        if kind != "policy":
            yield from _statuses(plugins, kind, name)


def _statuses(plugins: Plugins, kind: Kind, name: str, note: str | None = None) -> Iterator[PluginStatus]:
    """One for each that provides the plugin."""
    disabled = f"disabled by {plugins.settings.disabled[name]}" if plugins.is_disabled(kind, name) else None
    contract, error = (None, None) if disabled else _try(plugins, kind, name)
    for provider in plugins.providers(kind, name):
        yield PluginStatus(
            name=name,
            kind=kind,
            source=provider.source or "added by the program",
            contract=contract,
            error=error,
            note=disabled or note,
        )


def _try(plugins: Plugins, kind: Kind, name: str) -> tuple[int | None, str | None]:
    """The plugin's contract, and what is wrong with it."""
    try:
        if kind == "policy":
            load_policy(plugins, name)
        else:
            plugins.manager(kind, name)
        return plugins.contract_of(kind, name), None
    except DressageError as error:
        return None, str(error)


def _unusable(plugins: Plugins) -> Iterator[PluginStatus]:
    for found in plugins.found.unusable:
        yield PluginStatus(name=found.name, kind="unknown", source=found.source, error=found.reason)
    known = {name for _, name in plugins.list_all()} | {found.name for found in plugins.found.unusable}
    for name, origin in plugins.settings.disabled.items():
        if name not in known:
            yield PluginStatus(name=name, kind="unknown", source=origin, note="disabled, and not installed")
