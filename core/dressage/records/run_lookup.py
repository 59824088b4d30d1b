"""Which run is meant: by its id, by a beginning or an end that only it has, or as the latest."""

from dressage.errors import NotFoundError, unknown
from dressage.records.record import Record, read_record
from dressage.records.workspace import Workspace


def find_run(workspace: Workspace, named: str) -> tuple[str, Record]:
    """The run's id, and what its journal says. Raises NotFoundError for none, for several, and for an empty one."""
    known = sorted(entry.name for entry in workspace.runs.iterdir()) if workspace.runs.is_dir() else []
    run_id = _meant(workspace, named, known)
    if run_id is None:
        raise NotFoundError(unknown("run", named, known[-5:]))
    record = read_record(workspace.run(run_id))
    if record.job is None:
        raise NotFoundError(f"run {run_id!r} was never begun: its client died first; run the command again")
    return run_id, record


def _meant(workspace: Workspace, named: str, known: list[str]) -> str | None:
    if named in known:
        return named
    if named == "latest":
        from dressage.records.index import RunIndex

        return next((summary.run_id for summary in RunIndex(workspace).summaries()), None)
    found = [run_id for run_id in known if named and (run_id.startswith(named) or run_id.endswith(named))]
    if len(found) > 1:
        raise NotFoundError(f"{named!r} may be any of {', '.join(found[-5:])}; give more of it")
    return found[0] if found else None
