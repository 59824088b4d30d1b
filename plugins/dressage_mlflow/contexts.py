"""What the worker must know about a run before it can copy the first entry."""

from datetime import datetime
from typing import Any

from dressage.records.run_folder import RunFolder
from dressage.results.entries import ExperimentChanged, RunCreated, RunOpened


def read_context(folder: RunFolder) -> dict[str, Any]:
    """Return who the run is, and the names of experiments and the further runs that its journal has so far."""
    experiments: dict[str, str] = {}
    runs: dict[str, str] = {}
    request: dict[str, Any] = {}
    created = ""
    user = None
    for entry in folder.journal.events():
        match entry:
            case RunCreated():
                request, created = entry.request, entry.time
                user = (entry.judgement or {}).get("user")
            case ExperimentChanged(name=str() as name):
                experiments[entry.experiment_id] = name
            case RunOpened(run=str() as run):
                runs[run] = entry.experiment_id or "0"
    tags = {f"dressage.{name}": str(request.get(name, "?")) for name in ("recipe", "platform")}
    return {
        "experiment": request.get("experiment", "?"),
        "name": request.get("name"),
        "user": user,
        "tags": {**(request.get("tags") or {}), **tags},
        "created_ms": int(datetime.fromisoformat(created).timestamp() * 1000) if created else None,
        "experiments": experiments,
        "runs": runs,
    }
