"""Asking a recipe, and the plugins that wrap it, for the four stages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pluggy

from dressage.errors import PluginError, SpecError
from dressage.files.encoding import to_json
from dressage.hooks.declarations import ask_declaration
from dressage.hooks.plugins import Plugins, asked, register
from dressage.results.differences import differences
from dressage.results.plans import Stage
from dressage.specs.descriptions import ComputeTarget, Environment, FileDataset, Model

_RETURNS: Mapping[Stage, type] = {
    "dataset": FileDataset,
    "compute": ComputeTarget,
    "environment": Environment,
    "model": Model,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What the recipe asks for, wrappers applied. compute is as the platform resolved it."""

    dataset: FileDataset | None
    compute: ComputeTarget
    environment: Environment
    model: Model
    changed_by: Mapping[Stage, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """One recipe plugin, ready to be asked."""

    name: str
    manager: pluggy.PluginManager
    wrappers: tuple[str, ...] = ()

    @property
    def settings(self) -> type | None:
        """The class of its settings."""
        return ask_declaration(self.manager, self.name, "settings")

    def describe(self, settings: Any, resolve: Callable[[ComputeTarget], ComputeTarget]) -> Described:
        """Ask for all four stages. resolve: what the platform makes of a compute target."""
        changes: dict[Stage, tuple[str, ...]] = {}
        dataset = self._ask("dataset", changes, settings=settings)
        target = self._ask("compute", changes, settings=settings) or ComputeTarget(name="default")
        compute = resolve(target)
        environment = self._ask("environment", changes, settings=settings, compute=compute)
        model = self._ask("model", changes, settings=settings)
        if model is None:
            raise PluginError(self.name, "model", "answered nothing; a recipe says what it trains")
        if not (model.directory / model.script).is_file():
            raise SpecError(
                f"recipe {self.name!r}: no script {model.script!r} in {str(model.directory)!r}; check the path"
            )
        return Described(
            dataset=dataset,
            compute=compute,
            environment=environment or Environment(name="interpreter"),
            model=model,
            changed_by=changes,
        )

    def _ask(self, stage: Stage, changes: dict[Stage, tuple[str, ...]], **arguments: Any) -> Any:
        """The recipe's own answer, then each wrapper on top of those before it, so that each change has a name."""
        hidden = [self.manager.get_plugin(name) for name in self.wrappers]
        answer = self._answer(stage, self.name, hidden, arguments)
        for name in self.wrappers:
            hidden = hidden[1:]
            before, answer = answer, self._answer(stage, name, hidden, arguments)
            if before != answer:
                lines = differences(to_json(before) or {}, to_json(answer) or {})
                changes[stage] = (*changes.get(stage, ()), *(f"{name}: {line}" for line in lines))
        return answer

    def _answer(self, stage: Stage, plugin: str, hidden: list[Any], arguments: Mapping[str, Any]) -> Any:
        caller = self.manager.subset_hook_caller(stage, hidden)
        answer = asked(plugin, stage, lambda: caller(**arguments))
        if answer is not None and not isinstance(answer, _RETURNS[stage]):
            raise PluginError(plugin, stage, f"answered {answer!r}, not a {_RETURNS[stage].__name__}")
        return answer


def load(plugins: Plugins, name: str) -> Recipe:
    """The recipe of that name with every wrapper that loads; a wrapper that does not register is passed over."""
    manager = plugins.manager("recipe", name)
    wrappers = []
    for wrapper, plugin in plugins.wrappers().items():
        try:
            register(manager, wrapper, plugin)
        except PluginError:
            if manager.has_plugin(wrapper):
                manager.unregister(name=wrapper)
            continue
        wrappers.append(wrapper)
    return Recipe(name, manager, tuple(wrappers))
