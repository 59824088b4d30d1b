"""The hooks of the four stages, and the platform's two.

A recipe answers the first five; each is asked once per plan, in the order below, and only describes:
no download, no framework import, nothing touched. A wrapper plugin may wrap any of the four stages.
A platform answers the last two.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from dressage.specs.descriptions import ComputeTarget, Environment, FileDataset, Model

if TYPE_CHECKING:
    from dressage.platforms.protocols import Platform
    from dressage.records.workspace import Workspace

PROJECT = "dressage"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(firstresult=True)
def settings() -> type | None:
    """Declare what a user may set: a frozen dataclass, its fields made with `setting`.

    When: first of all. One answer counts. None means there is nothing to set.
    Added in 0.1.
    """


@hookspec(firstresult=True)
def dataset(settings: Any) -> FileDataset | None:
    """Describe the dataset that the training script reads.

    When: once per plan. settings is an instance of the class that `settings` declared.
    Returns: None if the script reads none.
    Raises: whatever goes wrong reaches the user as a PluginError with the plugin's name;
    SettingsError and SpecError reach them as they are.
    Added in 0.1.
    """


@hookspec(firstresult=True)
def compute(settings: Any) -> ComputeTarget | None:
    """Describe where the run executes. None takes the platform's default target.

    Added in 0.1.
    """


@hookspec(firstresult=True)
def environment(settings: Any, compute: ComputeTarget) -> Environment | None:
    """Describe what the script runs in.

    compute: the target as the platform resolved it; its accelerator is "gpu" or "cpu".
    Returns: None for the interpreter at hand.
    Added in 0.1.
    """


@hookspec(firstresult=True)
def model(settings: Any) -> Model | None:
    """Describe what is trained: the script, its arguments, where it leaves the model. Required of a recipe.

    Added in 0.1.
    """


@hookspec(firstresult=True)
def options() -> type | None:
    """Declare what a user may set about the platform: a frozen dataclass, its fields made with `setting`.

    Called: before `platform`, and by commands that show options. Nothing may be contacted.
    Returns: the class, every field with a default; None, or no such hook, if the platform takes no options.
    Raises: anything becomes a PluginError with the plugin's name.
    Since: 0.1.

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
    workspace: the folder that holds the records; a platform may keep files of its own there.
    directory: where the user is; a platform that looks for a file upward starts here.
    options: an instance of the class that `options()` returned, checked; None if there is none.
    Returns: an object with the members of `dressage.platforms.protocols.Platform`.
    Raises: SettingsError and StageError reach the user as they are; anything else becomes a PluginError with the
    plugin's name.
    Since: 0.1.

    Example:
        @hookimpl
        def platform(workspace, options):
            return LabPlatform(workspace.root / "lab", queue=options.queue)
    """
