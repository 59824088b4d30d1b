"""The hooks of recipes and platforms. The hooks of policies are in `dressage.hooks.policy_specs`.

A recipe implements the first six; only `model` is required. Each is called once per plan, in the order below, even if
several policies are installed. A recipe's hooks only describe: they must not download anything, import a framework or
change anything. A platform implements the last two.
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

The function may leave out parameters that it does not need. A policy's hooks are marked `@hookimpl(wrapper=True)`.
"""


@hookspec(firstresult=True)
def settings() -> type | None:
    """Declare the settings of the recipe: a frozen dataclass whose fields are made with `setting`.

    Called: once per plan, before the other hooks; and by commands that show the recipe.
    Returns: the class, every field with a default; None if the recipe has no settings.
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
    Returns: one dataset; several by input name; or None if the script reads no dataset; then policies get None, too.
    Raises: SettingsError, SpecError and other errors of dressage are shown to the user unchanged; any other exception
        becomes a PluginError with the plugin's name.
    Since: contract 1.

    Example:
        @hookimpl
        def dataset(settings):
            return FileDataset(name="iris", sources=(Source(path="iris.csv", addresses=(settings.data,)),))
    """


@hookspec(firstresult=True)
def compute(settings: Any) -> ComputeTarget | None:
    """Describe where the run executes, and what it needs there.

    Called: once per plan, after `dataset`. settings: as for `dataset`.
    Returns: a target; None means a target named "default".
    Raises: see `dataset`.
    Since: contract 1.

    Example:
        @hookimpl
        def compute(settings):
            return ComputeTarget(name="gpu-cluster", max_nodes=4, gpus=1, time_limit_s=4 * 3600)
    """


@hookspec(firstresult=True)
def environment(settings: Any, compute: ComputeTarget) -> Environment | None:
    """Describe the environment that the script runs in.

    Called: once per plan, after `compute`. settings: as for `dataset`. compute: the target after the policies, as the
        platform resolved it; its accelerator is "gpu" or "cpu".
    Returns: an environment; None means the active Python interpreter.
    Raises: see `dataset`.
    Since: contract 1.

    Example:
        @hookimpl
        def environment(settings, compute):
            return Environment(name="iris-env", conda=Path(__file__).with_name("conda.yml").read_text())
    """


@hookspec(firstresult=True)
def model(settings: Any, compute: ComputeTarget) -> Model | None:
    """Describe what is trained: the script, its arguments, and where it writes the model.

    Called: once per plan, after `environment`. settings, compute: as for `environment`.
    Returns: a Model. This hook is required.
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
    """Return tags of the run; the platform's job has them too.

    Called: once per plan, after the other hooks. settings: as for `dataset`. Tags that the user gives with `--tag`
        override the recipe's. Policies get the combined tags and may change them.
    Returns: texts by name; None for no tags.
    Raises: see `dataset`.
    Since: contract 1.

    Example:
        @hookimpl
        def tags(settings):
            return {"data": settings.data}
    """


@hookspec(firstresult=True)
def options() -> type | None:
    """Declare the options of the platform: a frozen dataclass whose fields are made with `setting`.

    Called: before `platform`, and by commands that show options. Must not contact anything.
    Returns: the class, every field with a default; None if the platform has no options. The hook may be left out.
    Raises: errors of dressage are shown to the user unchanged; any other exception becomes a PluginError with the
        plugin's name.
    Since: contract 1.

    Users set an option KEY of the platform NAME with `-O KEY=VALUE`, with the variable DRESSAGE_NAME_KEY, or in
    `[platforms.NAME]` of a settings file. An option must not be a secret: `dressage config` shows all values.

    Example:
        @dataclass(frozen=True, kw_only=True)
        class LabOptions:
            queue: Literal["short", "long"] = setting("short", help="queue that runs wait in")
            poll_s: float = setting(5.0, help="seconds between two polls of a run", minimum=0.1)

        @hookimpl
        def options():
            return LabOptions
    """


@hookspec(firstresult=True)
def platform(workspace: "Workspace", directory: Path, options: Any) -> "Platform | None":
    """Create the platform: the object that carries out the four stages.

    Called: once per engine, when the platform is needed. Must not contact anything yet.
    workspace: the workspace; a platform may store its files below `workspace.root`.
    directory: the current folder of the user; search for configuration files here and in the folders above.
    options: an instance of the class that `options()` returned, checked; None if it returned none.
    Returns: an object with the members of `dressage.platforms.protocols.Platform`.
    Raises: SettingsError, StageError and other errors of dressage are shown to the user unchanged; any other
        exception becomes a PluginError with the plugin's name.
    Since: contract 1.

    Example:
        @hookimpl
        def platform(workspace, options):
            return LabPlatform(workspace.root / "lab", queue=options.queue)
    """
