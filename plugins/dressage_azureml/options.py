"""The options of the azureml platform, and which Azure ML workspace they name."""

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
"""Where the SDK looks for config.json, one after the other, each upward."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `[platforms.azureml]` may contain."""

    config: str | None = setting(None, help="the workspace's config.json; by default it is looked for upward")
    subscription_id: str | None = setting(
        None, help="the workspace's subscription, in place of a config.json"
    )
    resource_group: str | None = setting(None, help="the workspace's resource group")
    workspace_name: str | None = setting(None, help="the workspace's name")
    auth: Literal["interactive", "cli", "managed-identity", "service-principal"] | None = setting(
        None, help="how to sign in; by default the SDK chooses"
    )
    compute_timeout_s: float = setting(1200.0, help="seconds to wait for a cluster", minimum=0.01)
    image_timeout_s: float = setting(3600.0, help="seconds to wait for an image", minimum=0.01)
    poll_s: float = setting(1.0, help="seconds between two looks at a run's state and log", minimum=0.01)
    prices: str | None = setting(
        None, help="CSV file with the header size,usd_per_hour, in place of the built-in table"
    )


def find_reference(options: Options, directory: Path) -> dict[str, str | None]:
    """The three names of the Azure ML workspace, and the credentials to use. Raises SettingsError."""
    named = {name: getattr(options, name) for name in NAMES}
    if any(named.values()):
        missing = [name for name, value in named.items() if not value]
        if missing:
            raise SettingsError(
                f"platform 'azureml': no {missing[0]} configured; give all of {', '.join(NAMES)}"
            )
        return {**named, "auth": options.auth}
    return {**names_in(_config(options, directory)), "auth": options.auth}


def check_names(values: Mapping[str, str]) -> None:
    """Raises SettingsError unless the values are what config.json holds: the three names."""
    if missing := [name for name in NAMES if not values.get(name)]:
        raise SettingsError(f"platform 'azureml': no {', '.join(missing)} given; run: {_INIT}")
    if others := [name for name in values if name not in NAMES]:
        raise SettingsError(
            f"platform 'azureml': config.json does not hold {others[0]}; set it in dressage.toml, [platforms.azureml]"
        )


def find_config(directory: Path) -> Path | None:
    """The config.json that the SDK would find from there."""
    for name in _FOLDERS:
        for folder in (directory, *directory.parents):
            if (folder / name / "config.json").is_file():
                return folder / name / "config.json"
    return None


def _config(options: Options, directory: Path) -> Path:
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


def names_in(path: Path) -> dict[str, str]:
    """What a config.json says. Raises SettingsError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if scope := _SCOPE.fullmatch(str(content.get("Scope"))):
            return scope.groupdict()
        return {name: str(content[name]) for name in NAMES}
    except (ValueError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"{str(path)!r} is no workspace configuration ({error}); download it anew"
        ) from error
    except KeyError as error:
        raise SettingsError(f"{str(path)!r} has no {error.args[0]}; it needs {', '.join(NAMES)}") from error
