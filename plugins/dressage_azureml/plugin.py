"""The azureml platform's hooks.

Entry point: azureml = "dressage_azureml.plugin". Importing this module does not import the platform.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from dressage import hookimpl

if TYPE_CHECKING:
    from dressage.records.workspace import Workspace
    from dressage_azureml.options import Options
    from dressage_azureml.platform import AzurePlatform

DRESSAGE_CONTRACT = 1


@hookimpl
def options() -> "type[Options]":
    from dressage_azureml.options import Options

    return Options


@hookimpl
def platform(workspace: "Workspace", directory: Path, options: "Options") -> "AzurePlatform":
    from dressage_azureml.platform import AzurePlatform

    return AzurePlatform(workspace, directory, options)
