"""The azureml platform's hook.

Entry point: azureml = "dressage_azureml.plugin". Importing this module imports nothing of the platform.
"""

from typing import TYPE_CHECKING

from dressage import hookimpl

if TYPE_CHECKING:
    from dressage.records.workspace import Workspace
    from dressage_azureml.platform import AzurePlatform


@hookimpl
def platform(workspace: "Workspace") -> "AzurePlatform":
    from dressage_azureml.platform import AzurePlatform

    return AzurePlatform(workspace)
