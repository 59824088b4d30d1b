"""The hooks of a policy: it wraps what recipes answer. Each must be marked with `@hookimpl(wrapper=True)`.

What `yield` gives is the answer so far: the recipe's, the default where the recipe leaves the stage out, or what the
policy before made of it. A policy returns it, or a change of it. To refuse, it raises SettingsError: the user sees
the policy's name and the message.

Each hook is called once per plan and once per resume. It may take any of these arguments:

settings: the recipe's settings by attribute, None if it has none. When a run is resumed: as they were recorded.
recipe, platform, experiment: their names. tags: the tags that the user gave, by name.
user: the name of the user on this machine, from the system and not from a variable.
"""

from collections.abc import Mapping
from typing import Any

from dressage.hooks.specs import hookspec
from dressage.specs.compute import ComputeTarget
from dressage.specs.datasets import Dataset
from dressage.specs.environments import Environment
from dressage.specs.models import Model


@hookspec(firstresult=True)
def dataset(
    settings: Any, recipe: str, platform: str, experiment: str, tags: Mapping[str, str], user: str
) -> Dataset | Mapping[str, Dataset] | None:
    """Judge what the training script reads.

    Called: first. `yield` gives one dataset, several by name, or None if the script reads none.
    Returns: the same or a change of it; None only if there is none.
    Raises: SettingsError to refuse; anything else becomes a PluginError with the policy's name and stops the plan.
    Since: contract 1.

    Example:
        @hookimpl(wrapper=True)
        def dataset(user):
            found = yield
            inputs = found.values() if isinstance(found, Mapping) else [found] if found else []
            for item in inputs:
                if item.name.startswith("patients") and user != "dr-lee":
                    raise SettingsError(f"dataset {item.name!r} is closed to {user!r}; ask the data office")
            return found
    """


@hookspec(firstresult=True)
def compute(
    settings: Any, recipe: str, platform: str, experiment: str, tags: Mapping[str, str], user: str
) -> ComputeTarget | None:
    """Judge where the run executes, and what it needs there.

    Called: after `dataset`. `yield` gives a target, called "default" if the recipe names none.
    Returns: the same target or a change of it.
    Raises: see `dataset`.
    Since: contract 1.

    Example:
        @hookimpl(wrapper=True)
        def compute(platform):
            target = yield
            return target if platform == "local" else replace(target, max_nodes=min(target.max_nodes, 2))
    """


@hookspec(firstresult=True)
def environment(
    settings: Any,
    recipe: str,
    platform: str,
    experiment: str,
    tags: Mapping[str, str],
    user: str,
    compute: ComputeTarget,
) -> Environment | None:
    """Judge what the script runs in.

    Called: after `compute`. compute: the target as the platform resolved it, after all policies. `yield` gives an
        environment, called "interpreter" if the recipe describes none.
    Returns: the same environment or a change of it.
    Raises: see `dataset`.
    Since: contract 1.

    Example:
        @hookimpl(wrapper=True)
        def environment():
            found = yield
            return replace(found, variables={**found.variables, "HF_HUB_OFFLINE": "1"})
    """


@hookspec(firstresult=True)
def model(
    settings: Any,
    recipe: str,
    platform: str,
    experiment: str,
    tags: Mapping[str, str],
    user: str,
    compute: ComputeTarget,
) -> Model | None:
    """Judge what is trained: the script, its arguments, and where it leaves the model.

    Called: after `environment`. compute: as for `environment`.
    Returns: the same model or a change of it.
    Raises: see `dataset`.
    Since: contract 1.

    Example:
        @hookimpl(wrapper=True)
        def model(experiment):
            found = yield
            return replace(found, tags={**found.tags, "experiment": experiment})
    """


@hookspec(firstresult=True)
def tags(
    settings: Any, recipe: str, platform: str, experiment: str, tags: Mapping[str, str], user: str
) -> Mapping[str, str] | None:
    """Judge the run's tags.

    Called: last. `yield` gives the recipe's tags, with those of the user over them.
    Returns: texts by name.
    Raises: see `dataset`.
    Since: contract 1.

    Example:
        @hookimpl(wrapper=True)
        def tags(user):
            return {**(yield), "owner": user}
    """
