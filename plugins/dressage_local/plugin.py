"""The local platform's hooks.

Entry point: local = "dressage_local.plugin". Importing this module does not import the platform.
"""

from typing import TYPE_CHECKING

from dressage import hookimpl

if TYPE_CHECKING:
    from dressage.records.workspace import Workspace
    from dressage_local.options import Options
    from dressage_local.platform import LocalPlatform

DRESSAGE_CONTRACT = 1


@hookimpl
def options() -> "type[Options]":
    from dressage_local.options import Options

    return Options


@hookimpl
def platform(workspace: "Workspace", options: "Options") -> "LocalPlatform":
    from dressage_local.platform import LocalPlatform

    return LocalPlatform(workspace, options)
