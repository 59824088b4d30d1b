"""The local platform. It stores datasets, environments and models in the workspace, as core does by default."""

from dressage.records.workspace import Workspace
from dressage.storage.compute import StoredCompute
from dressage_local.options import Options
from dressage_local.queues import configured_gpus
from dressage_local.runs import LocalRuns


class LocalPlatform:
    """Runs and compute targets of this machine."""

    def __init__(self, workspace: Workspace, options: Options) -> None:
        self.compute = StoredCompute(workspace.root / "compute", configured_gpus(options))
        self.runs = LocalRuns(workspace, self.compute, options)
