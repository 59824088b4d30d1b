"""The local platform. Datasets, environments and models are the workspace's own."""

from collections.abc import Mapping
from typing import Any

from dressage.errors import SettingsError
from dressage.records.workspace import Workspace
from dressage.storage.compute import StoredCompute
from dressage_local.runs import LocalRuns

_KEYS = {"grace_s": 10.0}
"""What `[platforms.local]` may say: seconds between SIGTERM and SIGKILL when a run is cancelled."""


class LocalPlatform:
    def __init__(self, workspace: Workspace, configuration: Mapping[str, Any]) -> None:
        self.compute = StoredCompute(workspace.root / "compute")
        self.runs = LocalRuns(workspace, self.compute, _grace_s(configuration))


def _grace_s(configuration: Mapping[str, Any]) -> float:
    from dressage.errors import unknown

    for key, value in configuration.items():
        if key not in _KEYS:
            raise SettingsError(f"platforms.local: {unknown('key', key, _KEYS)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise SettingsError(f"platforms.local.{key} is {value!r}; give a number of seconds")
    return float(configuration.get("grace_s", _KEYS["grace_s"]))
