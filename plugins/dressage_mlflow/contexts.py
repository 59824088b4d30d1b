"""What the worker must know about a run before it can copy the first entry."""

from datetime import datetime
from typing import Any

from dressage.records.run_folder import RunFolder


def read_context(folder: RunFolder) -> dict[str, Any]:
    """Return who the run is, and the names of experiments and the further runs that its journal has so far."""
    experiments: dict[str, str] = {}
    runs: dict[str, str] = {}
    request: dict[str, Any] = {}
    created = ""
    user = None
    for entry in folder.journal.events():
        match entry.get("event"):
            case "run.created":
                request, created = entry["request"], entry["time"]
                user = (entry.get("judgement") or {}).get("user")
            case "tracking.experiment" if entry.get("name"):
                experiments[entry["experiment_id"]] = entry["name"]
            case "tracking.run":
                runs[entry["run"]] = entry.get("experiment_id", "0")
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
