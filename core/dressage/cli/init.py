"""dressage init"""

from pathlib import Path
from typing import Annotated

import typer

from dressage.cli.options import engine
from dressage.cli.streams import results
from dressage.errors import SettingsError


def init(
    azureml: Annotated[
        bool, typer.Option("--azureml", help="Also write config.json for an Azure ML workspace that answers.")
    ] = False,
    subscription: Annotated[str | None, typer.Option(metavar="ID", help="The subscription.")] = None,
    resource_group: Annotated[str | None, typer.Option(metavar="GROUP", help="The resource group.")] = None,
    workspace_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The Azure ML workspace.")
    ] = None,
) -> None:
    """Make a workspace here.

    The first run makes one by itself; this is for choosing the folder.
    """
    names = {
        "subscription_id": subscription,
        "resource_group": resource_group,
        "workspace_name": workspace_name,
    }
    if any(names.values()) and not azureml:
        raise SettingsError("these options are for Azure ML; give --azureml too")
    if azureml:
        _check(names)
        results().write(f"{_connected(names)}\n")
    results().write(f"{_made()}\n")


def _check(names: dict[str, str | None]) -> None:
    flags = ("--subscription ID", "--resource-group GROUP", "--workspace-name NAME")
    if missing := [flag for flag, value in zip(flags, names.values(), strict=True) if not value]:
        name = missing[0].split()[0].removeprefix("--")
        raise SettingsError(f"no {name} given; --azureml needs {', '.join(missing)} too")


def _connected(names: dict[str, str | None]) -> Path:
    from dressage.platforms.protocols import Initialises

    platform = engine().platform("azureml")
    if not isinstance(platform, Initialises):
        raise SettingsError(
            "platform 'azureml' here is not dressage's own, and has no configuration to write"
        )
    return platform.initialise(**names)


def _made() -> Path:
    from dressage.records.workspace import FOLDER, Workspace

    found = engine()
    named = found.configuration.option("workspace").value
    here = Workspace(root=found.directory / (named or FOLDER))
    here.create()
    return here.root
