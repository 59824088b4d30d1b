"""Load a recipe and ask it for its descriptions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pluggy
from msgspec import Struct

from dressage.errors import NotFoundError, SpecError
from dressage.hooks.calls import PluginId, call_plugin
from dressage.hooks.declarations import ask_declaration
from dressage.hooks.descriptions import check_description
from dressage.hooks.plugins import Plugins
from dressage.records.judgements import Question
from dressage.specs.compute import ComputeTarget
from dressage.specs.environments import Environment
from dressage.specs.models import Model


class Recipe(Struct, frozen=True):
    """A loaded recipe. settings: the class of its settings; None if it has none."""

    plugin: PluginId
    settings: type | None
    manager: pluggy.PluginManager

    def answer(self, question: Question, arguments: Mapping[str, Any]) -> Any:
        """Return the recipe's description, or the default if it returns None. Raises PluginError.

        question: which description. arguments: those of the hook.
        """
        hook = getattr(self.manager.hook, question)
        answer = call_plugin(
            self.plugin, question, lambda: check_description(self.plugin, question, hook(**arguments))
        )
        if answer is None and question == "model":
            raise self.plugin.error(question, "returned None; a recipe must return a Model")
        return _DEFAULTS.get(question) if answer is None else answer


_DEFAULTS: Mapping[Question, Any] = {
    "compute": ComputeTarget(name="default"),
    "environment": Environment(name="interpreter"),
    "tags": {},
}
"""The descriptions of stages that a recipe leaves out."""


def load_recipe(plugins: Plugins, name: str) -> Recipe:
    """Load a recipe. Raises NotFoundError, SettingsError if several provide it, PluginError if it breaks."""
    try:
        manager, plugin = plugins.manager("recipe", name), plugins.identify("recipe", name)
    except NotFoundError as error:
        if Path(name).exists():
            raise NotFoundError(
                f"{error}; to run the file or folder of that name: dressage run ./{name}"
            ) from None
        raise
    return Recipe(plugin, ask_declaration(manager, plugin, "settings"), manager)


def check_script(recipe: str, model: Model) -> None:
    """Raise SpecError if the script or its directory does not exist."""
    script = model.script
    if script.file and not (script.directory / script.file).is_file():
        raise SpecError(
            f"recipe {recipe!r}: script {script.file!r} does not exist in {str(script.directory)!r}; check the path"
        )
    if not script.directory.is_dir():
        raise SpecError(f"recipe {recipe!r}: folder {str(script.directory)!r} does not exist; check the path")
