"""Choosing who provides a plugin, and loading it.

Three kinds: a *recipe* and a *platform* are loaded when a command names them, a *policy* for every plan.
A recipe or platform that cannot be loaded raises PluginError only when it is asked for by name; a policy, whenever
a plan is made.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, get_args

import pluggy

from dressage.errors import DressageError, NotFoundError, PluginError, SettingsError, describe_unknown
from dressage.hooks import contract, policy_specs, specs
from dressage.hooks.calls import PluginId, call_plugin
from dressage.hooks.plugin_files import Kind
from dressage.hooks.providers import Found, Provider, find_providers
from dressage.specs.plugin_settings import VARIABLE, Choice, PluginSettings

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass
class Plugins:
    """The plugins of one engine; nothing here is shared between engines. read_settings: what settings files say."""

    read_settings: Callable[[], PluginSettings] = PluginSettings
    _added: dict[tuple[Kind, str], Provider] = field(default_factory=dict)
    _loaded: dict[tuple[Kind, str], tuple[Any, int]] = field(default_factory=dict)

    def add(self, kind: Kind, name: str, plugin: Any) -> None:
        """Add a plugin object; it takes the place of an installed one. Settings files cannot disable it."""
        if kind not in KINDS:
            raise SettingsError(describe_unknown("kind of plugin", str(kind), KINDS))
        self._added[kind, name] = Provider(name=name, load=lambda: plugin)
        self._loaded.pop((kind, name), None)

    @cached_property
    def settings(self) -> PluginSettings:
        """What settings files and variables say about plugins."""
        return self.read_settings()

    @cached_property
    def found(self) -> Found:
        """What is installed, and what settings files name."""
        return find_providers(self.settings)

    def providers(self, kind: Kind, name: str) -> list[Provider]:
        """All that provide the plugin; an object of the program takes the place of the others."""
        added = self._added.get((kind, name))
        return [added] if added else self.found.providers.get((kind, name), [])

    def list_all(self) -> list[tuple[Kind, str]]:
        """Kind and name of every plugin, the disabled ones included."""
        return sorted({*self.found.providers, *self._added})

    def names(self, kind: Kind) -> list[str]:
        """The names of the plugins that are not disabled, in the order of the alphabet."""
        return [name for known, name in self.list_all() if known == kind and not self.is_disabled(kind, name)]

    def is_added(self, kind: Kind, name: str) -> bool:
        """Return whether the program added the plugin as an object."""
        return (kind, name) in self._added

    def is_disabled(self, kind: Kind, name: str) -> bool:
        """Whether a settings file or variable disables it. An object of the program cannot be disabled."""
        return name in self.settings.disabled and (kind, name) not in self._added

    def load(self, kind: Kind, name: str) -> Any:
        """Import the plugin of that name.

        Raises NotFoundError if nobody provides it or it is disabled; PluginError if several provide it and none is
        chosen, if it cannot be imported, or if it is written for a later contract.
        """
        return self._load(kind, name)[0]

    def contract_of(self, kind: Kind, name: str) -> int:
        """Which contract the plugin is written for. Raises as `load` does."""
        return self._load(kind, name)[1]

    def manager(self, kind: Kind, name: str) -> pluggy.PluginManager:
        """Make a manager with the one plugin, checked against the hooks. Raises PluginError naming it."""
        loaded, plugin = self.load(kind, name), self.identify(kind, name)
        manager = pluggy.PluginManager(specs.PROJECT)
        manager.add_hookspecs(policy_specs if kind == "policy" else specs)
        call_plugin(plugin, "registering", lambda: _register(manager, loaded, name, wraps=kind == "policy"))
        return manager

    def identify(self, kind: Kind, name: str) -> PluginId:
        """How errors name the plugin. Raises as `load` does, except for a plugin that breaks."""
        return self._identify(kind, self._choose(kind, name))

    def _load(self, kind: Kind, name: str) -> tuple[Any, int]:
        if (kind, name) not in self._loaded:
            provider = self._choose(kind, name)
            self._loaded[kind, name] = _import(provider, self._identify(kind, provider))
        return self._loaded[kind, name]

    def _choose(self, kind: Kind, name: str) -> Provider:
        if self.is_disabled(kind, name):
            raise NotFoundError(
                f"{kind} {name!r} is disabled by {self.settings.disabled[name]}; remove it there to use it"
            )
        providers = self.providers(kind, name)
        if not providers:
            raise NotFoundError(describe_unknown(kind, name, self.names(kind)))
        if (kind, name) in self._added:
            return providers[0]
        choice = self.choice_for(kind, name)
        chosen = [found for found in providers if choice is None or found.is_chosen_by(choice.provider)]
        if len(chosen) != 1:
            raise SettingsError(self._describe_conflict(kind, name, providers, choice))
        if kind == "policy" and chosen[0].origin and not self.settings.counts(chosen[0].origin, name):
            raise SettingsError(
                f"policy {name!r} is required by {self.settings.required[name]}; the file {chosen[0].source!r},"
                f" named in {chosen[0].origin}, cannot provide it: rename the file"
            )
        return chosen[0]

    def choice_for(self, kind: Kind, name: str) -> Choice | None:
        """Return the setting that says who provides the plugin.

        A choice that means a plugin of the same name, but of another kind, does not count.
        Raises SettingsError if two settings files require the plugin from different providers.
        """
        choices = self.settings.find_choices(name)
        if len(choices) > 1:
            said = " and ".join(f"{found.origin} chooses {found.provider!r}" for found in choices)
            raise SettingsError(f"{kind} {name!r} is required, and {said}; choose the same one in both")
        if not choices:
            return None
        meant = [
            other
            for other in KINDS
            for found in self.providers(other, name)
            if found.is_chosen_by(choices[0].provider)
        ]
        return choices[0] if kind in meant or not meant else None

    def _describe_conflict(
        self, kind: Kind, name: str, providers: list[Provider], choice: Choice | None
    ) -> str:
        """Say who provides the name, and what the user can write."""
        known = " and ".join(f"'{found.source}'" for found in providers)
        chosen = f", and {choice.origin} chooses {choice.provider!r}" if choice else ""
        where = self.settings.required.get(name) or (choice.origin if choice else "dressage.toml")
        return (
            f"{kind} {name!r} is provided by {known}{chosen}; choose one:"
            f' write {name} = "{providers[0].choice}" below [plugins] in {where}'
        )

    def _identify(self, kind: Kind, provider: Provider) -> PluginId:
        if kind != "policy" or provider.source is None:
            return PluginId(provider.name, provider.source)
        return PluginId(provider.name, provider.source, self.advise(provider.name))

    def advise(self, name: str) -> str:
        """Say what the user can do if a policy breaks."""
        if required_by := self.settings.required.get(name):
            return f"no run starts without it: {required_by} requires it"
        return f"no run starts without it; to disable it, set {VARIABLE}={name}"


def _import(provider: Provider, plugin: PluginId) -> tuple[Any, int]:
    """The plugin, and the contract that it is written for."""
    try:
        loaded = call_plugin(plugin, "import", provider.load)
    except DressageError as error:
        _check_contract(plugin, provider.read_contract() or contract.CONTRACT)  # the better reason
        if isinstance(error, PluginError):
            raise
        raise plugin.error("import", str(error)) from error  # as of a description that is made at import
    modules = (provider.module, getattr(type(loaded), "__module__", None))
    stated = call_plugin(plugin, "loading", lambda: contract.contract_of(loaded, modules))
    _check_contract(plugin, stated)
    return loaded, stated


def _check_contract(plugin: PluginId, stated: int) -> None:
    if reason := contract.explain_mismatch(stated):
        raise plugin.error("loading", reason)


def _register(manager: pluggy.PluginManager, plugin: Any, name: str, *, wraps: bool) -> None:
    """Register the plugin. wraps: whether it is a policy.

    Raises ValueError for a hook that does not exist, takes an unknown argument or is not marked as it must be.
    """
    from inspect import isgeneratorfunction, isroutine, signature

    if isinstance(plugin, type):
        raise TypeError(
            f"{plugin.__name__} is a class; make the entry point name an instance of it, or a module"
        )
    known = {name for name in dir(manager.hook) if not name.startswith("_")}
    for attribute in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, attribute)
        if options is None:
            if wraps and attribute in known and isroutine(getattr(plugin, attribute)):
                raise ValueError(
                    f"function {attribute!r} is not marked; mark it with @hookimpl(wrapper=True)"
                )
            continue
        hook, function = options["specname"] or attribute, getattr(plugin, attribute)
        if hook not in known:
            raise ValueError(describe_unknown("hook", hook, known))
        for argument in signature(function).parameters:
            if argument not in (allowed := getattr(manager.hook, hook).spec.argnames):
                raise ValueError(f"hook {hook!r}: {describe_unknown('argument', argument, allowed)}")
        if options["hookwrapper"]:
            raise ValueError(f"hook {hook!r}: use @hookimpl(wrapper=True) instead of hookwrapper")
        if options["wrapper"] and not isgeneratorfunction(function):
            raise ValueError(f"hook {hook!r} wraps and has no yield; write: answer = yield")
    manager.register(plugin, name)
