"""The status of every plugin, for lists and checks."""

from collections.abc import Iterator
from dataclasses import dataclass

from dressage.errors import DressageError, describe_unknown
from dressage.hooks.plugin_files import Kind
from dressage.hooks.plugins import Plugins
from dressage.hooks.policies import find_problems, list_disabled_policies, load_policy, sort_policies


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginStatus:
    """The status of one provider of a plugin.

    kind: "recipe", "platform", "policy" or "observer"; "plugin" if that cannot be determined.
    source: the distribution or file that it comes from. contract: the one that it states, if it could be read.
    used: whether commands that need the plugin use this one. error: why it cannot be used.
    note: the place of a policy in their order; who requires, disables or replaces a plugin; whether an observer is
        enabled.
    """

    name: str
    kind: str
    source: str
    contract: int | None = None
    used: bool = True
    error: str | None = None
    note: str | None = None


def list_statuses(plugins: Plugins) -> list[PluginStatus]:
    """Load every plugin and return its status; policies come first, in the order in which they are applied."""
    others = [
        status
        for kind, name in plugins.list_all()
        if kind != "policy"
        for status in _check(plugins, kind, name)
    ]
    return [*_check_policies(plugins), *others, *_list_unusable(plugins), *_list_unknown_names(plugins)]


def _check_policies(plugins: Plugins) -> Iterator[PluginStatus]:
    problems, order = find_problems(plugins), sort_policies(plugins)
    for name in dict.fromkeys([*order, *list_disabled_policies(plugins), *problems]):
        required_by = plugins.settings.required.get(name)
        notes = [f"policy {order.index(name) + 1} of {len(order)}"] if name in order else []
        notes += [f"required by {required_by}"] if required_by else []
        statuses = list(_check(plugins, "policy", name, ", ".join(notes) or None, problems.get(name)))
        yield from statuses or [
            PluginStatus(name=name, kind="policy", source="", used=False, error=problems.get(name))
        ]


def _check(
    plugins: Plugins, kind: Kind, name: str, note: str | None = None, problem: str | None = None
) -> Iterator[PluginStatus]:
    """Yield a status for each provider of the plugin. note: of the one that is used."""
    if plugins.is_disabled(kind, name):
        error, note = problem, f"disabled by {plugins.settings.disabled[name]}"
        used = None
    else:
        error = problem or _try_to_load(plugins, kind, name)
        used = None if error else plugins.choose(kind, name)
    choice = plugins.choice_for(kind, name) if used else None
    for provider in plugins.providers(kind, name):
        replaced = choice is not None and provider is not used
        yield PluginStatus(
            name=name,
            kind=kind,
            source=provider.source or "this program",
            contract=plugins.contract_of(kind, name) if provider is used else provider.read_contract(),
            used=provider is used,
            error=error,
            note=f"not used: {choice.origin} chooses {choice.provider!r}" if choice and replaced else note,
        )


def _try_to_load(plugins: Plugins, kind: Kind, name: str) -> str | None:
    """Return what is wrong with a plugin; None if it can be used."""
    try:
        if kind == "policy":
            load_policy(plugins, name)
        else:
            plugins.manager(kind, name)
    except DressageError as error:
        return str(error)
    return None


def _list_unusable(plugins: Plugins) -> Iterator[PluginStatus]:
    for found in plugins.found.unusable:
        yield PluginStatus(
            name=found.name, kind="plugin", source=found.source, used=False, error=found.reason
        )


def _list_unknown_names(plugins: Plugins) -> Iterator[PluginStatus]:
    """Yield the names in settings files that no plugin has: they may be misspelt."""
    known = {name for _, name in plugins.list_all()} | {found.name for found in plugins.found.unusable}
    settings = plugins.settings
    for name, origin in {**dict.fromkeys(settings.order, settings.order_origin), **settings.disabled}.items():
        if name not in known:
            where = "disabled" if name in settings.disabled else "order"
            note = f"named by {where!r}: {describe_unknown('plugin', name, known)}"
            yield PluginStatus(name=name, kind="plugin", source=origin, used=False, note=note)
