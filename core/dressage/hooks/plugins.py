"""Choose the provider of each plugin, and load plugins.

Recipes and platforms are loaded when a command names them, policies for every plan. So a recipe or platform that
cannot be loaded is an error only for commands that use it; a policy that cannot be loaded is an error for every plan.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, get_args

import pluggy

from dressage.errors import NotFoundError, SettingsError, describe_unknown
from dressage.hooks import observer_specs, policy_specs, specs
from dressage.hooks.calls import PluginId, call_plugin
from dressage.hooks.loading import import_plugin, register_plugin
from dressage.hooks.plugin_files import Kind
from dressage.hooks.providers import Found, Provider, find_providers
from dressage.specs.plugin_settings import VARIABLE, Choice, PluginSettings

KINDS: tuple[Kind, ...] = get_args(Kind)
_SPECS: Mapping[Kind, Any] = {
    "recipe": specs,
    "platform": specs,
    "policy": policy_specs,
    "observer": observer_specs,
}


@dataclass
class Plugins:
    """The plugins of one engine. Engines share nothing.

    read_settings: returns the settings about plugins; called on first use.
    """

    read_settings: Callable[[], PluginSettings] = PluginSettings
    _added: dict[tuple[Kind, str], Provider] = field(default_factory=dict)
    _loaded: dict[tuple[Kind, str], tuple[Any, int]] = field(default_factory=dict)
    _managers: dict[tuple[Kind, str], pluggy.PluginManager] = field(default_factory=dict)

    def add(self, kind: Kind, name: str, plugin: Any) -> None:
        """Add a plugin object; it replaces an installed plugin of that name. Settings files cannot disable it.

        Raises SettingsError for an unknown kind, and for an observer: another process calls observers.
        """
        if kind not in KINDS:
            raise SettingsError(describe_unknown("kind of plugin", str(kind), KINDS))
        if kind == "observer":
            raise SettingsError(
                f"observer {name!r} cannot be an object: another process calls it; install it, or name its file in"
                " dressage.toml. In this process, use the parameter 'listener' of Engine.run"
            )
        self._added[kind, name] = Provider(name=name, load=lambda: plugin)
        self._loaded.pop((kind, name), None)
        self._managers.pop((kind, name), None)

    @cached_property
    def settings(self) -> PluginSettings:
        """The settings about plugins, from settings files and variables."""
        return self.read_settings()

    @cached_property
    def found(self) -> Found:
        """The plugins that are installed or named by settings files."""
        return find_providers(self.settings)

    def providers(self, kind: Kind, name: str) -> list[Provider]:
        """Return everything that provides the plugin; an object added by `add` replaces all others."""
        added = self._added.get((kind, name))
        return [added] if added else self.found.providers.get((kind, name), [])

    def list_all(self) -> list[tuple[Kind, str]]:
        """Return kind and name of every plugin, including disabled ones."""
        return sorted({*self.found.providers, *self._added})

    def names(self, kind: Kind) -> list[str]:
        """Return the names of the plugins that are not disabled, sorted."""
        return [name for known, name in self.list_all() if known == kind and not self.is_disabled(kind, name)]

    def is_added(self, kind: Kind, name: str) -> bool:
        """Return whether the program added the plugin as an object."""
        return (kind, name) in self._added

    def is_disabled(self, kind: Kind, name: str) -> bool:
        """Return whether a settings file or variable disables the plugin; never true for an object added by `add`."""
        return name in self.settings.disabled and (kind, name) not in self._added

    def load(self, kind: Kind, name: str) -> Any:
        """Import the plugin of that name.

        Raises NotFoundError if it is not installed or disabled; SettingsError if several distributions or files
        provide it and the settings choose none; PluginError if it cannot be imported or needs a newer contract.
        """
        return self._load(kind, name)[0]

    def contract_of(self, kind: Kind, name: str) -> int:
        """Return the contract that the plugin is written for. Raises the errors of `load`."""
        return self._load(kind, name)[1]

    def manager(self, kind: Kind, name: str) -> pluggy.PluginManager:
        """Return a pluggy manager with this plugin only.

        Raises the errors of `load`, and PluginError for a hook or an argument that does not exist.
        """
        loaded, plugin = self.load(kind, name), self.identify(kind, name)
        if (kind, name) in self._managers:
            return self._managers[kind, name]
        manager = pluggy.PluginManager(specs.PROJECT)
        manager.add_hookspecs(_SPECS[kind])
        call_plugin(
            plugin, "registering", lambda: register_plugin(manager, loaded, name, wraps=kind == "policy")
        )
        self._managers[kind, name] = manager
        return manager

    def identify(self, kind: Kind, name: str) -> PluginId:
        """Return how errors name the plugin. Raises NotFoundError and SettingsError as `load` does."""
        return self._identify(kind, self.choose(kind, name))

    def _load(self, kind: Kind, name: str) -> tuple[Any, int]:
        if (kind, name) not in self._loaded:
            provider = self.choose(kind, name)
            self._loaded[kind, name] = import_plugin(provider, self._identify(kind, provider))
        return self._loaded[kind, name]

    def choose(self, kind: Kind, name: str) -> Provider:
        """Return the provider that is used. Raises NotFoundError and SettingsError as `load` does."""
        if self.is_disabled(kind, name):
            raise NotFoundError(
                f"{kind} {name!r} is disabled by {self.settings.disabled[name]}; enable it there to use it"
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
        """Return the setting that chooses the provider of the plugin, or None.

        A choice is ignored if that provider has a plugin of this name of another kind only.
        Raises SettingsError if two settings files require the plugin from different providers.
        """
        choices = self.settings.find_choices(name, is_policy=kind == "policy")
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
        """Return the message for a plugin with several providers: who provides it, and how to choose one."""
        known = " and ".join(f"'{found.source}'" for found in providers)
        chosen = f", and {choice.origin} chooses {choice.provider!r}" if choice else ""
        where = (kind == "policy" and self.settings.required.get(name)) or (
            choice.origin if choice else "dressage.toml"
        )
        return (
            f"{kind} {name!r} is provided by {known}{chosen}; choose one:"
            f' write {name} = "{providers[0].choice}" below [plugins] in {where}'
        )

    def _identify(self, kind: Kind, provider: Provider) -> PluginId:
        if kind != "policy" or provider.source is None:
            return PluginId(provider.name, provider.source)
        return PluginId(provider.name, provider.source, self.advise(provider.name))

    def advise(self, name: str) -> str:
        """Return what the user can do if a policy breaks."""
        if required_by := self.settings.required.get(name):
            return f"no run can start until this is fixed: {required_by} requires the policy"
        return f"no run can start until this is fixed; to disable it, set {VARIABLE}={name}"
