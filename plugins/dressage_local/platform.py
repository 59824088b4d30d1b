"""The local platform. Datasets, environments and models are the workspace's own."""

from dressage.records.workspace import Workspace
from dressage.storage.compute import StoredCompute
from dressage_local.options import Options
from dressage_local.runs import LocalRuns


class LocalPlatform:
    def __init__(self, workspace: Workspace, options: Options) -> None:
        self.compute = StoredCompute(workspace.root / "compute")
        self.runs = LocalRuns(workspace, self.compute, options.grace_s)
