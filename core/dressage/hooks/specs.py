"""The hooks of a recipe and of a platform. Those of a policy are in `dressage.hooks.policy_specs`.

A recipe answers the first six. Each is called once per plan, in the order below, however many policies there are, and
only describes: it downloads nothing, imports no framework and changes nothing.
A platform answers the last two.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from dressage.specs.compute import ComputeTarget
from dressage.specs.datasets import Dataset
from dressage.specs.environments import Environment
from dressage.specs.models import Model

if TYPE_CHECKING:
    from dressage.platforms.protocols import Platform
    from dressage.records.workspace import Workspace

PROJECT = "dressage"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function or method of a plugin as its implementation of the hook of the same name.

Parameters that the function does not name are not passed. `@hookimpl(wrapper=True)` marks a policy's.
"""


@hookspec(firstresult=True)
def settings() -> type | None:
    """Declare what a user may set: a frozen dataclass, its fields made with `setting`.

    Called: first of all, once per plan, and to show the recipe.
    Returns: the class itself; None if there is nothing to set.
    Raises: see `dataset`.
    Since: contract 1.

    Example:
        @dataclass(frozen=True, kw_only=True)
        class Settings:
            epochs: int = setting(20, help="passes over the training data", minimum=1)

        @hookimpl
        def settings():
            return Settings
    """


@hookspec(firstresult=True)
def dataset(settings: Any) -> Dataset | Mapping[str, Dataset] | None:
    """Describe what the training script reads.

    Called: once per plan. settings: an instance of the class that `settings()` returned, or None.
    Returns: one dataset, several by name, or None if the script reads none. Policies see that None.
    Raises: SettingsError and SpecError reach the user as they are; anything else becomes a PluginError with the
        plugin's name.
    Since: contract 1.

    Example:
        @hookimpl
        def dataset(settings):
            return FileDataset(name="iris", sources=(Source(path="iris.csv", addresses=(settings.data,)),))
    """


@hookspec(firstresult=True)
def compute(settings: Any) -> ComputeTarget | None:
    """Describe where the run executes, and what it needs there.

    Called: once per plan, after `dataset`.
    Returns: a target; None leaves the stage out, and stands for a target called "default".
    Raises: see `dataset`.
    Since: contract 1.

    Example:
        @hookimpl
        def compute(settings):
            return ComputeTarget(name="gpu-cluster", max_nodes=4, gpus=1, time_limit_s=4 * 3600)
    """


@hookspec(firstresult=True)
def environment(settings: Any, compute: ComputeTarget) -> Environment | None:
    """Describe what the script runs in.

    Called: once per plan, after `compute`. compute: the target as the platform resolved it; its accelerator is
        "gpu" or "cpu".
    Returns: an environment; None leaves the stage out, and stands for the active Python interpreter.
    Raises: see `dataset`.
    Since: contract 1.

    Example:
        @hookimpl
        def environment(settings, compute):
            return Environment(name="iris-env", conda=Path(__file__).with_name("conda.yml").read_text())
    """


@hookspec(firstresult=True)
def model(settings: Any, compute: ComputeTarget) -> Model | None:
    """Describe what is trained: the script, its arguments, and where it leaves the model.

    Called: once per plan, after `environment`. compute: as for `environment`.
    Returns: a Model; a recipe has to answer.
    Raises: see `dataset`.
    Since: contract 1.

    Example:
        @hookimpl
        def model(settings, compute):
            return Model(
                name="iris",
                script=Script(
                    directory=Path(__file__).parent.absolute(),
                    file="train.py",
                    arguments=("--data", DatasetFolder(), "--epochs", str(settings.epochs)),
                ),
                primary_metric=PrimaryMetric(name="accuracy", goal="maximize"),
            )
    """


@hookspec(firstresult=True)
def tags(settings: Any) -> Mapping[str, str] | None:
    """Describe the run: tags that reach the platform's job.

    Called: once per plan, last. A tag that the user gives by `--tag` takes the place of the recipe's; policies see
        both together and may change either.
    Returns: texts by name; None for none.
    Raises: see `dataset`.
    Since: contract 1.

    Example:
        @hookimpl
        def tags(settings):
            return {"data": settings.data}
    """


@hookspec(firstresult=True)
def options() -> type | None:
    """Declare what a user may set about the platform: a frozen dataclass, its fields made with `setting`.

    Called: before `platform`, and by commands that show options. Nothing may be contacted.
    Returns: the class, every field with a default; None, or no such hook, if the platform takes no options.
    Raises: anything becomes a PluginError with the plugin's name.
    Since: contract 1.

    Users set an option KEY of the platform NAME with `-O KEY=VALUE`, with the variable DRESSAGE_NAME_KEY, or in
    `[platforms.NAME]` of a settings file. Secrets are no options: `dressage config` shows every value.

    Example:
        @dataclass(frozen=True, kw_only=True)
        class LabOptions:
            queue: Literal["short", "long"] = setting("short", help="queue that runs wait in")
            poll_s: float = setting(5.0, help="seconds between two looks at a run", minimum=0.1)

        @hookimpl
        def options():
            return LabOptions
    """


@hookspec(firstresult=True)
def platform(workspace: "Workspace", directory: Path, options: Any) -> "Platform | None":
    """Return the platform: the object that realises the four stages somewhere.

    Called: once per engine that needs this platform; nothing may be contacted yet.
    workspace: the folder that holds the records; a platform may keep its own files there.
    directory: where the user is; a platform that looks for a file upward starts here.
    options: an instance of the class that `options()` returned, checked; None if there is none.
    Returns: an object with the members of `dressage.platforms.protocols.Platform`.
    Raises: SettingsError and StageError reach the user as they are; anything else becomes a PluginError with the
    plugin's name.
    Since: contract 1.

    Example:
        @hookimpl
        def platform(workspace, options):
            return LabPlatform(workspace.root / "lab", queue=options.queue)
    """
