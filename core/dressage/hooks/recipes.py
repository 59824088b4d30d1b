"""Asking a recipe, and the policies that wrap it, for the four stages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import pluggy

from dressage.errors import PluginError, SettingsError, SpecError
from dressage.files.encoding import from_json, to_json
from dressage.hooks import specs as hookspecs
from dressage.hooks.calls import call_plugin
from dressage.hooks.declarations import ask_declaration
from dressage.hooks.plugins import Plugins, register
from dressage.results.differences import differences
from dressage.specs.compute import ComputeTarget
from dressage.specs.datasets import FileDataset, RegisteredDataset
from dressage.specs.environments import Environment
from dressage.specs.models import Model
from dressage.specs.names import check_name

Question = Literal["dataset", "compute", "environment", "model", "tags"]
_RETURNS: Mapping[Question, tuple[type, ...]] = {
    "dataset": (FileDataset, RegisteredDataset, Mapping),
    "compute": (ComputeTarget,),
    "environment": (Environment,),
    "model": (Model,),
    "tags": (Mapping,),
}
Changes = dict[Question, tuple[str, ...]]


@dataclass(frozen=True)
class Recipe:
    """One recipe plugin, ready to be asked. settings: the class of its settings. wrappers: names of policies."""

    name: str
    settings: type | None
    manager: pluggy.PluginManager
    wrappers: tuple[str, ...] = ()

    def describe(
        self, settings: Any, resolve: Callable[[ComputeTarget], ComputeTarget], tags: Mapping[str, str]
    ) -> tuple[dict[str, Any], Changes]:
        """The fields of a RunRequest that the recipe decides, and what each policy changed.

        resolve: what the platform makes of a compute target. tags: as the user gave them.
        """
        changes: Changes = {}
        datasets = self._ask("dataset", changes, settings=settings)
        compute = resolve(self._ask("compute", changes, settings=settings))
        environment = self._ask("environment", changes, settings=settings, compute=compute)
        model = self._ask("model", changes, settings=settings, compute=compute)
        if model is None:
            raise PluginError(self.name, "model", "returned nothing; a recipe says what it trains")
        self._check_script(model)
        described = {
            **_by_kind(datasets),
            "compute": compute,
            "environment": environment,
            "model": model,
            "tags": self._tags(changes, settings, tags),
        }
        return described, changes

    def _check_script(self, model: Model) -> None:
        script = model.script
        if script.file and not (script.directory / script.file).is_file():
            raise SpecError(
                f"recipe {self.name!r}: no script {script.file!r} in {str(script.directory)!r}; check the path"
            )
        if not script.directory.is_dir():
            raise SpecError(f"recipe {self.name!r}: no folder {str(script.directory)!r}; check the path")

    def _tags(self, changes: Changes, settings: Any, given: Mapping[str, str]) -> dict[str, str]:
        """The user's go before the recipe's; a policy, which wraps both, has the last word."""
        name = "tags given by the user"
        self.manager.register(_GivenTags(given), name)
        try:
            return dict(self._ask("tags", changes, settings=settings))
        finally:
            self.manager.unregister(name=name)

    def _ask(self, question: Question, changes: Changes, **arguments: Any) -> Any:
        """The recipe's own answer, then each policy on top of those before it, so that each change has a name."""
        hidden = [self.manager.get_plugin(_key(name)) for name in self.wrappers]
        answer = self._answer(question, self.name, hidden, arguments)
        for name in self.wrappers:
            hidden = hidden[1:]
            before, answer = answer, self._answer_of_policy(question, name, hidden, arguments)
            if answer is None and before is not None:
                raise PluginError(
                    name, question, "returned nothing; return what `yield` gave, or a change of it"
                )
            if before != answer:
                lines = differences(to_json(before) or {}, to_json(answer) or {})
                changes[question] = (*changes.get(question, ()), *(f"{name}: {line}" for line in lines))
        return answer

    def _answer_of_policy(
        self, question: Question, plugin: str, hidden: list[Any], arguments: Mapping[str, Any]
    ) -> Any:
        """A policy may refuse something: then its user sees whose rule it is."""
        try:
            return self._answer(question, plugin, hidden, arguments)
        except SettingsError as error:
            raise type(error)(f"policy {plugin!r}: {error}") from error

    def _answer(
        self, question: Question, plugin: str, hidden: list[Any], arguments: Mapping[str, Any]
    ) -> Any:
        caller = self.manager.subset_hook_caller(question, hidden)
        return call_plugin(plugin, question, lambda: _checked(plugin, question, caller(**arguments)))


class _Defaults:
    """The compute target and environment of a recipe that names none. Policies see them as the recipe's answer."""

    @hookspecs.hookimpl(trylast=True)
    def compute(self) -> ComputeTarget:
        return ComputeTarget(name="default")

    @hookspecs.hookimpl(trylast=True)
    def environment(self) -> Environment:
        return Environment(name="interpreter")


class _GivenTags:
    """Lays the user's tags over the recipe's."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    @hookspecs.hookimpl(wrapper=True, trylast=True)
    def tags(self) -> Any:
        answer = yield
        return {**(answer or {}), **self._given}


def _checked(plugin: str, question: Question, answer: Any) -> Any:
    """What a hook may return, with values of the right types in it: a list counts as a tuple. Raises PluginError."""
    kinds = _RETURNS[question]
    if answer is None:
        return None
    if not isinstance(answer, kinds):
        raise PluginError(plugin, question, f"returned {answer!r:.200}, not a {_names(kinds)}")
    try:
        if isinstance(answer, Mapping):
            _check_keys(question, answer)
            return {name: _converted(question, item) for name, item in answer.items()}
        return _converted(question, answer)
    except (msgspec.ValidationError, TypeError, NotImplementedError) as error:
        raise PluginError(plugin, question, f"returned {answer!r:.200}: {error}") from error


def _check_keys(question: Question, answer: Mapping[Any, Any]) -> None:
    for name in answer:
        if not isinstance(name, str):
            raise TypeError(f"the name {name!r} is not a text")
        if question == "dataset":
            check_name("input", name)


def _converted(question: Question, item: Any) -> Any:
    kinds = (
        (str,) if question == "tags" else tuple(kind for kind in _RETURNS[question] if kind is not Mapping)
    )
    if not isinstance(item, kinds):
        raise TypeError(f"{item!r} is not a {_names(kinds)}")
    return item if isinstance(item, str) else from_json(type(item), to_json(item))


def _names(kinds: tuple[type, ...]) -> str:
    *others, last = (kind.__name__ for kind in kinds)
    return f"{', '.join(others)} or {last}" if others else last


def _by_kind(datasets: Any) -> dict[str, Any]:
    """The inputs by name; a single one goes by its dataset's."""
    named = datasets if isinstance(datasets, Mapping) else {datasets.name: datasets} if datasets else {}
    kinds = {"file_datasets": FileDataset, "registered_datasets": RegisteredDataset}
    return {
        field: {name: dataset for name, dataset in named.items() if isinstance(dataset, kind)}
        for field, kind in kinds.items()
    }


def load(plugins: Plugins, name: str) -> Recipe:
    """The recipe of that name with every wrapper. Raises PluginError for one that cannot be loaded.

    A wrapper may be there to refuse something: nothing is planned without it.
    """
    manager = plugins.manager("recipe", name)
    settings = ask_declaration(manager, name, "settings")
    manager.register(_Defaults(), "defaults")
    wrappers = plugins.wrappers()
    for wrapper, plugin in wrappers.items():
        register(manager, wrapper, plugin, _key(wrapper))
        _check_wraps(manager, wrapper, plugin)
    return Recipe(name, settings, manager, tuple(wrappers))


def _check_wraps(manager: pluggy.PluginManager, name: str, plugin: Any) -> None:
    """Raises PluginError for a policy that answers in the recipe's place."""
    for caller in manager.get_hookcallers(plugin) or ():
        for found in caller.get_hookimpls():
            if found.plugin is plugin and not (found.wrapper or found.hookwrapper):
                reason = f"its hook {caller.name!r} does not wrap; mark it with @hookimpl(wrapper=True)"
                raise PluginError(name, "registering", reason)


def _key(wrapper: str) -> str:
    """What the manager calls it: a recipe may have the same name."""
    return f"wrapper {wrapper}"
