"""The hooks of policies. A policy judges the descriptions of every recipe; all its hooks are optional.

A hook is a generator marked `@hookimpl(wrapper=True)`. Its `yield` gives the description so far: the recipe's, the
default if the recipe leaves the stage out, or the description that the policy before returned. The hook returns it
unchanged, or returns a changed copy. To refuse the run, the hook raises SettingsError: the user sees the policy's
name and the message.

Each hook is called once per plan, and once before the next attempt of a run that is resumed. It can take any of these
arguments:

settings: the recipe's settings as attributes; None if the recipe has none. In a resume, the recorded settings.
recipe, platform, experiment: their names. tags: the tags that the user gave, by name.
user: the name of the user on this machine, from the system and not from an environment variable.
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

    Called: first. `yield` gives one dataset, several by input name, or None if the script reads no dataset.
    Returns: what `yield` gave, or a changed copy; None only if `yield` gave None.
    Raises: SettingsError to refuse the run. Any exception stops the plan or the resume, and the user sees the
        policy's name; one that is not an error of dressage becomes a PluginError.
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

    Called: after `dataset`. `yield` gives a target, named "default" if the recipe describes none. It has what the
        recipe asks for: `gpus` may be None although its `size` has GPUs. `max_nodes` limits a cluster;
        `script.distribution` of the model says how many nodes one run uses. Prices are not known here.
    Returns: what `yield` gave, or a changed copy.
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
    """Judge the environment that the script runs in.

    Called: after `compute`. compute: the target after all policies, as the platform resolved it. `yield` gives an
        environment, named "interpreter" if the recipe describes none.
    Returns: what `yield` gave, or a changed copy.
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
    """Judge what is trained: the script, its arguments, and where it writes the model.

    Called: after `environment`. compute: as for `environment`. `yield` gives a model.
    Returns: what `yield` gave, or a changed copy.
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

    Called: last. `yield` gives the recipe's tags by name, overridden by the user's.
    Returns: what `yield` gave, or a changed copy: texts by name.
    Raises: see `dataset`.
    Since: contract 1.

    Example:
        @hookimpl(wrapper=True)
        def tags(user):
            return {**(yield), "owner": user}
    """
