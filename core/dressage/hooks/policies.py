"""Policies: which of them judge a plan, in which order, and what each makes of a recipe's answer.

Policies fail closed. One that is broken, that is required and not there, or that several distributions provide stops
every plan. The last policy has the last word.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pluggy

from dressage.errors import NotFoundError, PluginError, SettingsError, describe_unknown
from dressage.hooks.calls import PluginId, call_plugin
from dressage.hooks.descriptions import check_description
from dressage.hooks.plugins import Plugins
from dressage.hooks.specs import hookimpl
from dressage.records.judgements import Question


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy plugin, ready to judge. manager: holds it alone."""

    plugin: PluginId
    manager: pluggy.PluginManager

    @property
    def name(self) -> str:
        return self.plugin.name

    def judge(self, question: Question, answer: Any, arguments: Mapping[str, Any]) -> Any:
        """Return what the policy makes of an answer: the answer itself, or a change of it.

        Raises SettingsError, with the policy's name, if it refuses; PluginError if it breaks.
        """
        caller = getattr(self.manager.hook, question)
        if not caller.get_hookimpls():
            return answer
        given = SimpleNamespace(**{question: hookimpl(lambda: answer)})
        self.manager.register(given)
        try:
            changed = call_plugin(
                self.plugin, question, lambda: check_description(self.plugin, question, caller(**arguments))
            )
        except SettingsError as error:
            raise type(error)(f"policy {self.name!r}: {error}") from error
        finally:
            self.manager.unregister(given)
        if changed is None and answer is not None:
            raise self.plugin.error(question, "returned nothing; return what `yield` gave, or a change of it")
        return changed


def load_policies(plugins: Plugins) -> tuple[Policy, ...]:
    """Load every policy that judges plans, in the order in which they are applied.

    Raises PluginError for one that cannot be loaded, and as `order_policies` does.
    """
    _check_files(plugins)
    return tuple(load_policy(plugins, name) for name in order_policies(plugins))


def order_policies(plugins: Plugins) -> list[str]:
    """Return the names of the policies in the order in which they are applied: the last one has the last word.

    Those that are required come last, as required; before them those of the setting `order`; first the others, by
    name. Raises NotFoundError for a required one that is missing, SettingsError for one that must not be disabled.
    """
    settings = plugins.settings
    for name, origin in settings.required.items():
        if name in settings.disabled:
            by = settings.disabled[name]
            raise SettingsError(f"policy {name!r} is required by {origin}; {by} cannot disable it")
        if not plugins.providers("policy", name):
            known = describe_unknown("policy", name, plugins.names("policy"))
            raise NotFoundError(f"{known}; {origin} requires it: nothing runs without it")
    for name, by in settings.disabled.items():
        if ("policy", name) in plugins.list_all() and not plugins.is_disabled("policy", name):
            raise SettingsError(f"policy {name!r} is part of this program; {by} cannot disable it")
    places = {name: place for place, name in enumerate([*settings.order, *settings.required])}
    return sorted(plugins.names("policy"), key=lambda name: (places.get(name, -1), name))


def list_disabled_policies(plugins: Plugins) -> dict[str, str]:
    """Return the policies that do not judge, with the file or variable that disables each."""
    names = [
        name for kind, name in plugins.list_all() if kind == "policy" and plugins.is_disabled(kind, name)
    ]
    return {name: plugins.settings.disabled[name] for name in names}


def load_policy(plugins: Plugins, name: str) -> Policy:
    """Load the policy of that name. Raises PluginError for one that breaks, or that would replace answers."""
    manager, plugin = plugins.manager("policy", name), plugins.identify("policy", name)
    for hook in _plain_hooks(manager):
        raise plugin.error(
            "registering", f"its hook {hook!r} does not wrap; mark it with @hookimpl(wrapper=True)"
        )
    return Policy(plugin, manager)


def _plain_hooks(manager: pluggy.PluginManager) -> Iterator[str]:
    """The hooks that would answer in the recipe's place."""
    for plugin in manager.get_plugins():
        for caller in manager.get_hookcallers(plugin) or ():
            if not all(found.wrapper or found.hookwrapper for found in caller.get_hookimpls()):
                yield caller.name


def _check_files(plugins: Plugins) -> None:
    """A file that is no plugin may have been meant as a policy."""
    for found in plugins.found.unusable:
        if found.file and found.name not in plugins.settings.disabled:
            raise PluginError(
                found.name, "loading", found.reason, source=found.source, advice=plugins.advise(found.name)
            )
