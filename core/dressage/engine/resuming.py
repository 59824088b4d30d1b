"""Resume all runs of a workspace that do not continue by themselves."""

from collections.abc import Callable, Iterator

from dressage.engine.runs import Run
from dressage.errors import DressageError
from dressage.files.disk import describe
from dressage.files.locks import is_locked
from dressage.records.index import RunIndex
from dressage.records.workspace import Workspace
from dressage.results.statuses import ResumedRun


def resume_runs(
    workspace: Workspace, get: Callable[[str], Run], resume: Callable[[str], Run]
) -> Iterator[ResumedRun]:
    """Resume the runs that were interrupted or are queued, in the order of their submission, and detach from them.

    Runs that a client prepares or follows are left out, and those that were started elsewhere. A run that cannot be
    resumed does not stop the others.
    get, resume: of the engine.
    """
    for summary in reversed(RunIndex(workspace).summaries()):
        status = summary.status
        if not status.has_ended or status.interrupted:
            try:
                if resumed := _resume(get(summary.run_id), resume):
                    yield resumed
            except (DressageError, OSError) as error:
                yield ResumedRun(run_id=summary.run_id, error=describe(error))


def _resume(run: Run, resume: Callable[[str], Run]) -> ResumedRun | None:
    """Resume one run. Returns None if it must not be resumed."""
    if is_locked(run.folder.lock("client")) or run.folder.refresh().adopted:
        return None
    before = run.status
    if not before.interrupted and before.state != "Queued":
        return None
    resumed = resume(run.id)
    status = resumed.status
    if resumed.is_client:
        resumed.detach()
    return ResumedRun(run_id=run.id, reason=before.reason, status=status)
