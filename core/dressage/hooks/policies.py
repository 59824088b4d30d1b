"""Load the policies, put them in order, and let each judge a recipe's answers.

No plan is made if a policy is broken, if a required policy is not installed, or if several distributions provide a
policy. Each policy sees the answer that the policy before it returned; the last one decides.
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pluggy
from msgspec import Struct

from dressage.errors import DressageError, NotFoundError, PluginError, SettingsError
from dressage.hooks.calls import PluginId, call_plugin
from dressage.hooks.descriptions import check_description
from dressage.hooks.plugins import Plugins
from dressage.hooks.specs import hookimpl
from dressage.records.judgements import Question


class Policy(Struct, frozen=True):
    """A loaded policy. manager: contains this policy only."""

    plugin: PluginId
    manager: pluggy.PluginManager

    @property
    def name(self) -> str:
        return self.plugin.name

    def judge(self, question: Question, answer: Any, arguments: Mapping[str, Any]) -> Any:
        """Return the policy's answer: the given answer, or a changed one.

        question: which description the answer is. arguments: those of the hook.
        Raises SettingsError with the policy's name if it refuses, PluginError if it breaks.
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
        except PluginError:
            raise
        except DressageError as error:  # any of our errors means that the policy refuses
            kind = type(error) if isinstance(error, SettingsError | NotFoundError) else SettingsError
            raise kind(f"policy {self.name!r}: {' '.join(str(error).split())}") from error
        finally:
            self.manager.unregister(given)
        if changed is None and answer is not None:
            raise self.plugin.error(question, "returned None; return what `yield` gave, or a changed copy")
        return changed


def load_policies(plugins: Plugins) -> tuple[Policy, ...]:
    """Load all policies that are not disabled, in the order in which they are applied.

    Raises PluginError if a policy cannot be loaded, and the errors of `order_policies`.
    """
    _check_unusable(plugins)
    return tuple(load_policy(plugins, name) for name in order_policies(plugins))


def order_policies(plugins: Plugins) -> list[str]:
    """Return the names of the policies in the order in which they are applied; the last one decides.

    First the policies that no setting names, from A to Z; then those of the setting `order`; then the required ones.
    Raises SettingsError for a required policy that is missing, disabled or replaced.
    """
    for message in find_problems(plugins).values():
        raise SettingsError(message)
    return sort_policies(plugins)


def sort_policies(plugins: Plugins) -> list[str]:
    """Return the names of the policies in their order, without checks."""
    settings = plugins.settings
    places = {name: place for place, name in enumerate([*settings.order, *settings.required])}
    return sorted(plugins.names("policy"), key=lambda name: (places.get(name, -1), name))


def find_problems(plugins: Plugins) -> dict[str, str]:
    """Return the errors in the settings about policies: one line by the name of each policy."""
    settings, problems = plugins.settings, {}
    for name, origin in settings.required.items():
        required = f"policy {name!r} is required by {origin}"
        if name in settings.disabled:
            problems[name] = f"{required} but disabled by {settings.disabled[name]}; enable it there"
        elif plugins.is_added("policy", name):
            problems[name] = (
                f"{required}; a program cannot provide it: give the program's policy another name"
            )
        elif not plugins.providers("policy", name):
            chosen = settings.find_choices(name)
            what = (
                f"the distribution {chosen[0].provider!r}" if chosen else "the distribution that provides it"
            )
            problems[name] = f"{required} but not installed; install {what}"
    for name, origin in settings.disabled.items():
        if plugins.is_added("policy", name):
            problems[name] = (
                f"policy {name!r} is part of this program but disabled by {origin}; enable it there"
            )
    return problems


def list_disabled_policies(plugins: Plugins) -> dict[str, str]:
    """Return the disabled policies, with the file or variable that disables each."""
    names = [
        name for kind, name in plugins.list_all() if kind == "policy" and plugins.is_disabled(kind, name)
    ]
    return {name: plugins.settings.disabled[name] for name in names}


def load_policy(plugins: Plugins, name: str) -> Policy:
    """Load one policy. Raises PluginError if it breaks, or if one of its hooks is not a wrapper."""
    manager, plugin = plugins.manager("policy", name), plugins.identify("policy", name)
    callers = manager.get_hookcallers(manager.get_plugin(name))
    if not callers:
        raise plugin.error("registering", "it has no hooks; mark its functions with @hookimpl(wrapper=True)")
    for caller in callers:
        if not all(found.wrapper for found in caller.get_hookimpls()):
            reason = f"hook {caller.name!r} would replace the answer; mark it with @hookimpl(wrapper=True)"
            raise plugin.error("registering", reason)
    return Policy(plugin, manager)


def _check_unusable(plugins: Plugins) -> None:
    """Raise PluginError for an unusable plugin that may be a policy."""
    for found in plugins.found.unusable:
        if found.may_be_policy and found.name not in plugins.settings.disabled:
            advice = f"it may be a policy, so {plugins.advise(found.name)}"
            raise PluginId(found.name, found.source, advice).error("loading", found.reason)
