"""The options of the azureml platform, and the Azure ML workspace that they select."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dressage.errors import SettingsError
from dressage.specs.settings import setting

NAMES = ("subscription_id", "resource_group", "workspace_name")
_INIT = "dressage init --on azureml subscription_id=ID resource_group=GROUP workspace_name=NAME"
_SCOPE = re.compile(
    r"/subscriptions/(?P<subscription_id>[^/]+)/resourceGroups/(?P<resource_group>[^/]+)"
    r"/providers/.+/workspaces/(?P<workspace_name>[^/]+)",
    re.IGNORECASE,
)
"""How the SDK's Workspace.write_config() writes the three names."""
_FOLDERS = (".azureml", "aml_config", "")
"""Subfolders in which the SDK looks for config.json: it tries each one in all parent folders before the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `[platforms.azureml]` may contain."""

    config: str | None = setting(None, help="the workspace's config.json; default: search the parent folders")
    subscription_id: str | None = setting(
        None, help="the workspace's subscription id, instead of a config.json"
    )
    resource_group: str | None = setting(None, help="the workspace's resource group")
    workspace_name: str | None = setting(None, help="the workspace's name")
    auth: Literal["interactive", "cli", "managed-identity", "service-principal"] | None = setting(
        None, help="how to sign in; default: the SDK chooses"
    )
    compute_timeout_s: float = setting(1200.0, help="seconds to wait for a cluster", minimum=0.01)
    image_timeout_s: float = setting(3600.0, help="seconds to wait for an image build", minimum=0.01)
    poll_s: float = setting(1.0, help="seconds between checks of a run that prints", minimum=0.01)
    prices: str | None = setting(
        None, help="CSV file with the header size,usd_per_hour, instead of the built-in prices"
    )


def find_reference(options: Options, directory: Path) -> dict[str, str | None]:
    """Return the three names of the Azure ML workspace, and how to sign in. Raises SettingsError."""
    named = {name: getattr(options, name) for name in NAMES}
    if any(named.values()):
        missing = [name for name, value in named.items() if not value]
        if missing:
            raise SettingsError(
                f"platform 'azureml': option {missing[0]} is missing; set all of {', '.join(NAMES)}"
            )
        return {**named, "auth": options.auth}
    return {**read_config(_config(options, directory)), "auth": options.auth}


def check_names(values: Mapping[str, str]) -> None:
    """Raise SettingsError unless the values are exactly the three names of a config.json."""
    if missing := [name for name in NAMES if not values.get(name)]:
        raise SettingsError(f"platform 'azureml': {', '.join(missing)} missing; run: {_INIT}")
    if others := [name for name in values if name not in NAMES]:
        raise SettingsError(
            f"platform 'azureml': {others[0]!r} is not in config.json; set it in dressage.toml, [platforms.azureml]"
        )


def find_config(directory: Path) -> Path | None:
    """Return the config.json that the SDK would find from the directory, or None."""
    for name in _FOLDERS:
        for folder in (directory, *directory.parents):
            if (folder / name / "config.json").is_file():
                return folder / name / "config.json"
    return None


def _config(options: Options, directory: Path) -> Path:
    """Return the path of config.json. Raises SettingsError if it does not exist."""
    if options.config:
        path = directory / Path(options.config).expanduser()
        if not path.is_file():
            raise SettingsError(f"platform 'azureml': option config is {str(path)!r}; give an existing file")
        return path
    found = find_config(directory)
    if found is None:
        raise SettingsError(
            f"no config.json of an Azure ML workspace in {str(directory)!r} or above; download it in the portal, or:"
            f" {_INIT}"
        )
    return found


def read_config(path: Path) -> dict[str, str]:
    """Return the three names in a config.json. Raises SettingsError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if scope := _SCOPE.fullmatch(str(content.get("Scope"))):
            return scope.groupdict()
        return {name: str(content[name]) for name in NAMES}
    except (ValueError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"{str(path)!r} is not a workspace configuration ({error}); download it again"
        ) from error
    except KeyError as error:
        raise SettingsError(f"{str(path)!r} has no {error.args[0]}; add {', '.join(NAMES)}") from error
