"""The azureml platform's hook.

Entry point: azureml = "dressage_azureml.plugin". Importing this module imports nothing of the platform.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dressage import hookimpl

if TYPE_CHECKING:
    from dressage.records.workspace import Workspace
    from dressage_azureml.platform import AzurePlatform


@hookimpl
def platform(workspace: "Workspace", directory: Path, configuration: Mapping[str, Any]) -> "AzurePlatform":
    from dressage_azureml.platform import AzurePlatform

    return AzurePlatform(workspace, directory, configuration)
