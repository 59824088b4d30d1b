"""The platform `machine`: runs execute on another machine, which a command such as `ssh lab-1` reaches.

Entry point: machine = "remote_machine". dressage must be installed there, too: its platform `local` does the work.
"""

from dataclasses import dataclass
from typing import Literal

from dressage import SettingsError, hookimpl, setting
from dressage.records.workspace import Workspace

DRESSAGE_CONTRACT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `[platforms.machine]` may contain."""

    reach: str = setting("", help="command that executes a shell command there, such as: ssh lab-1")
    folder: str = setting("dressage-runs", help="folder for runs there, relative to the user's home")
    python: str = setting("python3", help="the Python there in which dressage is installed")
    accelerator: Literal["cpu", "gpu"] = setting("cpu", help="used if a recipe does not choose one")
    grace_s: float = setting(10.0, help="seconds between SIGTERM and SIGKILL at a cancellation", minimum=0)
    poll_s: float = setting(5.0, help="longest pause between two requests, in seconds", minimum=0.1)


@hookimpl
def options() -> type:
    return Options


@hookimpl
def platform(workspace: Workspace, options: Options) -> object:
    from remote_machine.machine import RemoteMachine

    if not options.reach:
        raise SettingsError(
            "platform 'machine' has no option reach; set it in dressage.toml: reach = 'ssh lab-1'"
        )
    return RemoteMachine(workspace, options)
