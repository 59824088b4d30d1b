"""Asking a recipe for its descriptions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pluggy

from dressage.errors import SpecError
from dressage.hooks.calls import PluginId, call_plugin
from dressage.hooks.declarations import ask_declaration
from dressage.hooks.descriptions import check_description
from dressage.hooks.plugins import Plugins
from dressage.records.judgements import Question
from dressage.specs.compute import ComputeTarget
from dressage.specs.environments import Environment
from dressage.specs.models import Model


@dataclass(frozen=True, slots=True)
class Recipe:
    """One recipe plugin, ready to be asked. settings: the class of its settings."""

    plugin: PluginId
    settings: type | None
    manager: pluggy.PluginManager

    def answer(self, question: Question, arguments: Mapping[str, Any]) -> Any:
        """Ask the recipe for a description, the default where it leaves the stage out. Raises PluginError."""
        hook = getattr(self.manager.hook, question)
        answer = call_plugin(
            self.plugin, question, lambda: check_description(self.plugin, question, hook(**arguments))
        )
        if answer is None and question == "model":
            raise self.plugin.error(question, "returned nothing; a recipe says what it trains")
        return _DEFAULTS.get(question) if answer is None else answer


_DEFAULTS: Mapping[Question, Any] = {
    "compute": ComputeTarget(name="default"),
    "environment": Environment(name="interpreter"),
    "tags": {},
}
"""What stands for a stage that a recipe leaves out."""


def load_recipe(plugins: Plugins, name: str) -> Recipe:
    """Load the recipe of that name. Raises NotFoundError, PluginError."""
    manager, plugin = plugins.manager("recipe", name), plugins.identify("recipe", name)
    return Recipe(plugin, ask_declaration(manager, plugin, "settings"), manager)


def check_script(recipe: str, model: Model) -> None:
    """Raise SpecError for a script that does not exist."""
    script = model.script
    if script.file and not (script.directory / script.file).is_file():
        raise SpecError(
            f"recipe {recipe!r}: no script {script.file!r} in {str(script.directory)!r}; check the path"
        )
    if not script.directory.is_dir():
        raise SpecError(f"recipe {recipe!r}: no folder {str(script.directory)!r}; check the path")
