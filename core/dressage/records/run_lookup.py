"""Find a run by its id, by a unique prefix or suffix of it, or as "latest"."""

from dressage.errors import NotFoundError, describe_unknown
from dressage.records.run_folder import RunFolder
from dressage.records.workspace import Workspace


def find_run(workspace: Workspace, named: str) -> RunFolder:
    """Return the run's folder. Raises NotFoundError if no run or several match, or if the run was never started."""
    known = sorted(entry.name for entry in workspace.runs.iterdir()) if workspace.runs.is_dir() else []
    run_id = _find_id(workspace, named, known)
    if run_id is None:
        raise NotFoundError(describe_unknown("run", named, known[-5:]))
    folder = workspace.run(run_id)
    if folder.refresh().request is None:
        raise NotFoundError(
            f"run {run_id!r} was never started: its client crashed first; run the command again"
        )
    return folder


def _find_id(workspace: Workspace, named: str, known: list[str]) -> str | None:
    if named in known:
        return named
    if named == "latest":
        from dressage.records.index import RunIndex

        return next((summary.run_id for summary in RunIndex(workspace).summaries()), None)
    found = [run_id for run_id in known if named and (run_id.startswith(named) or run_id.endswith(named))]
    if len(found) > 1:
        raise NotFoundError(f"ambiguous run id {named!r}: matches {', '.join(found[-5:])}")
    return found[0] if found else None
