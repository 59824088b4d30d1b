"""The local platform's hook.

Entry point: local = "dressage_local.plugin". Importing this module imports nothing of the platform.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dressage import hookimpl

if TYPE_CHECKING:
    from dressage.records.workspace import Workspace
    from dressage_local.platform import LocalPlatform


@hookimpl
def platform(workspace: "Workspace", configuration: Mapping[str, Any]) -> "LocalPlatform":
    from dressage_local.platform import LocalPlatform

    return LocalPlatform(workspace, configuration)
