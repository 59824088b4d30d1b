"""Find an existing run for a request: one that can be continued, or one whose model is reused."""

from collections.abc import Callable, Mapping

from dressage.files.locks import is_locked
from dressage.records.requests import RunRequest
from dressage.records.workspace import Workspace
from dressage.results.plans import Plan
from dressage.results.statuses import RunStatus


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
    for run_id in workspace.open_runs(key):
        if _used_other_data(workspace, run_id, datasets):
            continue
        if reason := _explain_continuation(workspace, run_id, read_status):
            return run_id, reason
    return None


def _used_other_data(workspace: Workspace, run_id: str, datasets: Mapping[str, str | None]) -> bool:
    """Return whether the planned data differ from those of the run's attempts."""
    used = workspace.run(run_id).refresh().used_datasets
    return any(
        name in used and digest is not None and digest != used[name].get("digest")
        for name, digest in datasets.items()
    )


def find_reusable_run(workspace: Workspace, plan: Plan) -> str | None:
    """Return the id of the run whose model the plan reuses, if that run is in the workspace."""
    run_id = plan.stage("model").run_id
    return run_id if run_id and workspace.run(run_id).path.is_dir() else None


def describe_ignored(new: RunRequest, old: RunRequest) -> str | None:
    """Return which parts of the new request are ignored if the run is reused: "name and tags"; None if all match."""
    names = [name for name in ("name", "experiment") if getattr(new, name) not in (None, getattr(old, name))]
    if not new.tags.items() <= old.tags.items():
        names.append("tags")
    return " and ".join(names) or None


def _explain_continuation(
    workspace: Workspace, run_id: str, read_status: Callable[[str], RunStatus]
) -> str | None:
    """Return why the open run should be continued; None if a client follows it, it was detached, or it has ended."""
    folder = workspace.run(run_id)
    record = folder.refresh()
    if record.request is None or is_locked(folder.lock("client")):
        return None
    status = read_status(run_id)
    if status.has_ended and not status.interrupted:
        needs_model = status.state == "Completed" and record.the_request().model.name and not record.model
        if not needs_model:
            workspace.forget(run_id)
        return "its model is not registered yet" if needs_model else None
    if status.interrupted:
        return status.reason or "it was interrupted"
    return None if record.detached else "its client process exited"
