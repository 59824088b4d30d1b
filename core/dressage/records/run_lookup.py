"""Find a run by its id, by a unique prefix or suffix of it, or as "latest"."""

from dressage.errors import NotFoundError, RecordError, describe_unknown
from dressage.records.run_folder import RunFolder
from dressage.records.run_ids import may_be_run_id
from dressage.records.workspace import Workspace

LATEST = "latest"


def find_run(workspace: Workspace, named: str) -> RunFolder:
    """Return the run's folder. Raises NotFoundError if no run or several match, or if the run was never started."""
    folder = workspace.run(_find_id(workspace, named))
    record = folder.refresh()
    if record.is_headless:
        raise RecordError(f"run {folder.path.name!r}: its record is damaged; see: dressage doctor")
    if record.request is None:
        raise NotFoundError(
            f"run {folder.path.name!r} was never started: its client crashed first; run the command again"
        )
    return folder


def _find_id(workspace: Workspace, named: str) -> str:
    if named and named not in (".", "..") and "/" not in named and (workspace.runs / named).is_dir():
        return named  # the usual case: the other runs are not listed
    found = find_matches(workspace, named)
    if named == LATEST:
        from dressage.records.index import RunIndex

        found = [summary.run_id for summary in RunIndex(workspace).summaries(limit=1)]
    if not found:
        raise NotFoundError(describe_unknown("run", named, _list_ids(workspace)[-5:]))
    if len(found) > 1:
        raise NotFoundError(f"ambiguous run id {named!r}: matches {', '.join(found[-5:])}")
    return found[0]


def find_matches(workspace: Workspace, named: str) -> list[str]:
    """Return the ids of the runs that begin or end with the text."""
    known = _list_ids(workspace)
    return [run_id for run_id in known if named and (run_id.startswith(named) or run_id.endswith(named))]


def _list_ids(workspace: Workspace) -> list[str]:
    names = [entry.name for entry in workspace.runs.iterdir()] if workspace.runs.is_dir() else []
    return sorted(filter(may_be_run_id, names))
