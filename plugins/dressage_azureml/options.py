"""What `[platforms.azureml]` may say, and which Azure ML workspace it comes to."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from dressage.errors import SettingsError, unknown

AUTH = ("interactive", "cli", "managed-identity", "service-principal")
_NAMES = ("subscription_id", "resource_group", "workspace_name")
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
    """config: a config.json, else one is looked for. auth: one of AUTH; None leaves it to the SDK.

    compute_timeout_s, image_timeout_s: how long to wait for a cluster and for an image. poll_s: how often a run's
    state and log are asked for. prices: a CSV file of `size,usd_per_hour`, in place of the table that comes along.
    """

    config: str | None = None
    subscription_id: str | None = None
    resource_group: str | None = None
    workspace_name: str | None = None
    auth: str | None = None
    compute_timeout_s: float = 1200
    image_timeout_s: float = 3600
    poll_s: float = 1
    prices: str | None = None


def read(configuration: Mapping[str, Any]) -> Options:
    """Raises SettingsError for a key that is unknown or a value of the wrong type."""
    known = {item.name: type(item.default) for item in fields(Options)}
    for key, value in configuration.items():
        if key not in known:
            raise SettingsError(f"platforms.azureml: {unknown('key', key, known)}")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if known[key] in (float, int) and not (number and value > 0):
            raise SettingsError(f"platforms.azureml.{key} is {value!r}; give a number of seconds")
        if known[key] not in (float, int) and not isinstance(value, str):
            raise SettingsError(f"platforms.azureml.{key} is {value!r}; give text")
    options = Options(**configuration)
    if options.auth is not None and options.auth not in AUTH:
        raise SettingsError(f"platforms.azureml.auth is {options.auth!r}; give one of {', '.join(AUTH)}")
    return options


def reference(options: Options, directory: Path) -> dict[str, str | None]:
    """The three names of the Azure ML workspace, and the credentials to use. Raises SettingsError."""
    named = {name: getattr(options, name) for name in _NAMES}
    if any(named.values()):
        missing = [name for name, value in named.items() if not value]
        if missing:
            raise SettingsError(f"platforms.azureml has no {missing[0]}; give all of {', '.join(_NAMES)}")
        return {**named, "auth": options.auth}
    return {**names_in(_config(options, directory)), "auth": options.auth}


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
            raise SettingsError(f"platforms.azureml.config is {str(path)!r}, which is no file; correct it")
        return path
    found = find_config(directory)
    if found is None:
        raise SettingsError(
            f"no config.json of an Azure ML workspace in {str(directory)!r} or above; download it in the portal, or:"
            " dressage init --azureml --subscription ID --resource-group GROUP --workspace-name NAME"
        )
    return found


def names_in(path: Path) -> dict[str, str]:
    """What a config.json says. Raises SettingsError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if scope := _SCOPE.fullmatch(str(content.get("Scope"))):
            return scope.groupdict()
        return {name: str(content[name]) for name in _NAMES}
    except (ValueError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"{str(path)!r} is no workspace configuration ({error}); download it anew"
        ) from error
    except KeyError as error:
        raise SettingsError(f"{str(path)!r} has no {error.args[0]}; it needs {', '.join(_NAMES)}") from error
