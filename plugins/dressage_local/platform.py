"""The local platform's stages, put together."""

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from dressage.environments.uv_environments import UvEnvironments
from dressage.errors import SettingsError
from dressage.records.workspace import Workspace
from dressage.storage.datasets import StoredDatasets
from dressage.storage.models import StoredModels
from dressage.storage.objects import ObjectStore
from dressage_local.compute import LocalCompute
from dressage_local.runs import LocalRuns

_KEYS = {"grace_s": 10.0}
"""What `[platforms.local]` may say: seconds between SIGTERM and SIGKILL when a run is cancelled."""


class LocalPlatform:
    def __init__(self, workspace: Workspace, configuration: Mapping[str, Any]) -> None:
        self._workspace = workspace
        self._grace_s = _grace_s(configuration)
        self._objects = ObjectStore(workspace.root / "objects")

    @cached_property
    def datasets(self) -> StoredDatasets:
        return StoredDatasets(self._workspace.root, self._objects)

    @cached_property
    def compute(self) -> LocalCompute:
        return LocalCompute(self._workspace.root / "compute")

    @cached_property
    def environments(self) -> UvEnvironments:
        return UvEnvironments(self._workspace.root / "environments")

    @cached_property
    def runs(self) -> LocalRuns:
        return LocalRuns(self._workspace, self.datasets, self.environments, self.compute, self._grace_s)

    @cached_property
    def models(self) -> StoredModels:
        from dressage.supervision.variables import recording_notes

        return StoredModels(
            self._workspace, self._objects, lambda training: recording_notes(os.environ, training.variables)
        )


def _grace_s(configuration: Mapping[str, Any]) -> float:
    from dressage.errors import unknown

    for key, value in configuration.items():
        if key not in _KEYS:
            raise SettingsError(f"platforms.local: {unknown('key', key, _KEYS)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise SettingsError(f"platforms.local.{key} is {value!r}; give a number of seconds")
    return float(configuration.get("grace_s", _KEYS["grace_s"]))
