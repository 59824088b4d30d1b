"""Find a run that the workspace has no record of, on a platform that keeps the runs of other machines."""

from collections.abc import Callable

from msgspec.structs import replace

from dressage.errors import NotFoundError
from dressage.hooks.proxy import PlatformProxy
from dressage.platforms.protocols import History
from dressage.records.adoption import FoundRun, adopt_run
from dressage.records.run_folder import RunFolder
from dressage.records.run_lookup import LATEST, find_matches, find_run
from dressage.records.workspace import Workspace


def find_or_adopt(workspace: Workspace, named: str, find_platform: Callable[[], PlatformProxy]) -> RunFolder:
    """Return the folder of a run. Without a record of it here, make one if the platform has the run.

    named: as for `find_run`, or the platform's id of the run.
    Raises NotFoundError if neither has it, and the errors of the platform if it cannot be asked.
    """
    try:
        return find_run(workspace, named)
    except NotFoundError as error:
        if named in ("", LATEST) or find_matches(workspace, named):
            raise
        unknown = error
    platform = find_platform()
    folder = adopt(workspace, named, platform)
    if folder is None and platform.optional(History) is None:
        raise unknown
    if folder is None:
        raise NotFoundError(
            f"no run named {named!r}, neither recorded here nor on platform {platform.name!r}; list its runs with:"
            f" dressage runs list --on {platform.name}"
        )
    return folder


def adopt(workspace: Workspace, run_id: str, platform: PlatformProxy) -> RunFolder | None:
    """Make a record of the platform's run and return its folder; None if the platform has no such run.

    If there is a record already, it is not changed.
    """
    history: History | None = platform.optional(History)
    try:
        found = history.describe(run_id) if history else None
    except NotFoundError:
        return None
    return adopt_run(workspace, _localise(found, workspace, platform)) if found else None


def _localise(found: FoundRun, workspace: Workspace, platform: PlatformProxy) -> FoundRun:
    """Return the run with the name that its platform has here, and the place of its source directory's copy."""
    run_id, snapshot = found.request.run_id, found.request.snapshot
    if not run_id or run_id in (".", "..") or "/" in run_id:
        raise platform.plugin.error("runs.describe", f"returned the run id {run_id!r}; give a file name")
    kept = replace(snapshot, directory=workspace.snapshots / snapshot.digest)
    request = replace(found.request, platform=platform.name, snapshot=kept)
    return replace(found, request=request)
