"""Find an existing run for a request: one that can be continued, or one whose model is reused."""

from collections.abc import Callable, Mapping

from dressage.errors import NotFoundError, RecordError
from dressage.files.locks import is_locked
from dressage.hooks.proxy import PlatformProxy
from dressage.platforms.protocols import History
from dressage.records.requests import RunRequest, Training
from dressage.records.workspace import Workspace
from dressage.results.events import STARTED_ELSEWHERE
from dressage.results.statuses import RunStatus, RunSummary

_MOST_ALIVE = 16
"""How many detached runs of a request that are alive are looked at, so that a request may have thousands of runs."""


def find_run_to_continue(
    workspace: Workspace,
    key: str,
    datasets: Mapping[str, str | None],
    read_status: Callable[[str], RunStatus],
) -> tuple[str, str] | None:
    """Return the id of an unfinished run of the same request and the reason to continue it, or None.

    A run whose attempts were trained on other data is not continued. key: of the request.
    datasets: the planned digest of each input by name; None while unknown.
    read_status: returns the current status of a run id.
    """
    for run_id in workspace.open_runs.attended(key):
        reason, _ = _check(workspace, run_id, key, datasets, read_status)
        if reason:
            return run_id, reason
    alive = 0
    for run_id in workspace.open_runs.detached(key):
        reason, status = _check(workspace, run_id, key, datasets, read_status)
        if reason:
            return run_id, reason
        alive += status is not None and not status.has_ended
        if alive == _MOST_ALIVE or (status and status.state == "Queued"):
            return None  # the later ones are behind it in the queue: nothing can have interrupted them
    return None


def _used_other_data(workspace: Workspace, run_id: str, datasets: Mapping[str, str | None]) -> bool:
    """Return whether the planned data differ from those of the run's attempts."""
    used = workspace.run(run_id).refresh().used_datasets
    return any(
        name in used and digest is not None and digest != used[name].get("digest")
        for name, digest in datasets.items()
    )


def find_elsewhere(platform: PlatformProxy, workspace: Workspace, training: Training) -> RunSummary | None:
    """Return the platform's run with the same inputs that was started elsewhere, if it has not failed; or None.

    A run that this workspace has submitted is none of these, nor one that a client has detached from here: the same
    request then starts another run.
    """
    history: History | None = platform.optional(History)
    found = history.find(training) if history else None
    if found is None or not workspace.run(found.run_id).path.is_dir():
        return found
    record = workspace.run(found.run_id).refresh()
    return found if record.adopted and not record.detached else None


def describe_ignored(new: RunRequest, old: RunRequest) -> str | None:
    """Return which parts of the new request are ignored if the run is reused: "name and tags"; None if all match."""
    names = [name for name in ("name", "experiment") if getattr(new, name) not in (None, getattr(old, name))]
    if not new.tags.items() <= old.tags.items():
        names.append("tags")
    names += [name for name in ("priority", "retries") if getattr(new, name) not in (0, getattr(old, name))]
    return " and ".join(names) or None


def _check(
    workspace: Workspace,
    run_id: str,
    key: str,
    datasets: Mapping[str, str | None],
    read_status: Callable[[str], RunStatus],
) -> tuple[str | None, RunStatus | None]:
    """Return why the open run should be continued, and its status as far as it was read.

    No reason: a client follows it, it was trained on other data, it was detached and is alive, or it has ended.
    """
    try:
        return _check_open(workspace, run_id, key, datasets, read_status)
    except (RecordError, NotFoundError, OSError):  # its record is damaged: it cannot be continued
        return None, None


def _check_open(
    workspace: Workspace,
    run_id: str,
    key: str,
    datasets: Mapping[str, str | None],
    read_status: Callable[[str], RunStatus],
) -> tuple[str | None, RunStatus | None]:
    folder = workspace.run(run_id)
    if is_locked(folder.lock("client")):
        return None, None
    record = folder.refresh()
    if record.request is None or _used_other_data(workspace, run_id, datasets):
        return None, None
    status = read_status(run_id)
    if status.interrupted:
        return status.reason or "it was interrupted", status
    if not status.has_ended:
        if record.detached:
            workspace.open_runs.detach(run_id, key)  # its client was killed before it could do that
        reason = STARTED_ELSEWHERE if record.adopted else "its client process exited"
        return None if record.detached else reason, status
    if status.state == "Completed" and record.the_request().model.name and not record.model:
        return "its model is not registered yet", status
    workspace.open_runs.remove(run_id, key)
    return None, status
