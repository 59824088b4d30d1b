"""The mlflow observer's hook.

Entry point: mlflow = "dressage_mlflow.plugin". Importing this module does not import MLflow.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dressage import hookimpl

if TYPE_CHECKING:
    from dressage.records.workspace import Workspace
    from dressage_mlflow.copying import Copier

DRESSAGE_CONTRACT = 1


@hookimpl
def mirror(
    address: str,
    run_id: str,
    entries: Sequence[tuple[int, Mapping[str, Any]]],
    files: Path | None,
    progress: Callable[[str, int, int | None], None],
    workspace: "Workspace",
) -> Sequence[str]:
    return _copier(workspace.root).copy(address, workspace.run(run_id), entries, files, progress)


@cache
def _copier(root: Path) -> "Copier":
    """Return what copies the runs of a workspace; its worker continues between calls."""
    from dressage_mlflow.copying import Copier

    return Copier(root)
