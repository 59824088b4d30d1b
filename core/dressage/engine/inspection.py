"""Find the damaged files of a workspace. Nothing is changed."""

from collections.abc import Callable, Iterator
from pathlib import Path

from dressage.delivery.inspection import inspect_observers
from dressage.environments.records import Records
from dressage.records.inspection import inspect_caches, inspect_runs
from dressage.records.workspace import Workspace
from dressage.results.damage import Damage
from dressage.storage.compute import StoredCompute
from dressage.storage.datasets import StoredDatasets
from dressage.storage.models import StoredModels
from dressage.storage.objects import ObjectStore
from dressage.supervision.inspection import inspect_launches, inspect_queues


def find_damage(workspace: Workspace) -> Iterator[Damage]:
    """Yield what is damaged: in the records of runs first. A folder that cannot be listed hides only itself."""
    root, objects = workspace.root, ObjectStore(workspace.root / "objects")
    inspections: dict[Path, Callable[[], Iterator[Damage]]] = {
        workspace.runs: lambda: inspect_runs(workspace),
        workspace.runs / "*" / "launch.json": lambda: inspect_launches(root),
        workspace.runs / "*" / "observers": lambda: inspect_observers(workspace),
        root: lambda: inspect_caches(root),
        objects.root: objects.find_damage,
        root / "datasets": StoredDatasets(root, objects).find_damage,
        root / "models": StoredModels(workspace).find_damage,
        root / "compute": StoredCompute(root / "compute").find_damage,
        root / "compute" / "*.queue": lambda: inspect_queues(root),
        root / "environments": Records(root / "environments").find_damage,
    }
    for path, inspect in inspections.items() if workspace.exists else ():
        try:
            yield from inspect()
        except OSError as error:
            found = Path(error.filename) if isinstance(error.filename, str) else path
            yield Damage(path=found, problem=error.strerror or str(error), advice="grant access")
