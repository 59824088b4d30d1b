"""The local platform's stages, put together."""

import os
from functools import cached_property

from dressage.environments.uv_environments import UvEnvironments
from dressage.records.workspace import Workspace
from dressage.storage.datasets import StoredDatasets
from dressage.storage.models import StoredModels
from dressage.storage.objects import ObjectStore
from dressage_local.compute import LocalCompute
from dressage_local.options import Options
from dressage_local.runs import LocalRuns


class LocalPlatform:
    def __init__(self, workspace: Workspace, options: Options) -> None:
        self._workspace = workspace
        self._grace_s = options.grace_s
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
