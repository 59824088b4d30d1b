"""What dressage shows of a run, in the shape that `dump.py` prints of a store."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integrations import left_out
from tests.integrations.canonical import Held

STATES = {"Completed": "FINISHED", "Failed": "FAILED", "Canceled": "KILLED"}

Dressage = Callable[..., subprocess.CompletedProcess[str]]


def held_by_dressage(dressage: Dressage, folder: Path) -> dict[str, Any]:
    """Ask dressage for its latest run; folder: where its workspace is."""
    shown = printed(dressage("runs", "show", "latest", "-o", "json"))
    files = [file["path"] for file in printed(dressage("runs", "files", "latest", "-o", "json"))]
    named = shown["tags"].get(left_out.EXPERIMENTS_TAG)
    return {
        "shown": shown,
        "experiments": named.split(", ") if named else [],
        "runs": [run_of(run, files) for run in (first_of(shown), *shown["runs"])],
        "models": [{**model, "files": below(files, model["path"])} for model in shown["logged_models"]],
        "registry": registry_of(printed(dressage("models", "list", "-o", "json")), folder),
        "traces": [spans_of(trace, files, dressage, folder) for trace in shown["traces"]],
    }


def first_of(shown: Held) -> dict[str, Any]:
    """The run itself, as the others are shown: it is the first that its script opened."""
    status = STATES.get(shown["state"], shown["state"])
    return {**shown, "parent_id": None, "deleted": False, "status": status, "is_first": True}


def run_of(run: Held, files: list[str]) -> dict[str, Any]:
    own = without_others(files) if run.get("is_first") else below(files, f"runs/{run['run_id']}")
    return {
        **{name: run[name] for name in ("run_id", "parent_id", "status", "deleted", "params", "tags")},
        "history": {
            key: [[point["step"], point["value"]] for point in points]
            for key, points in run["history"].items()
        },
        "inputs": run["inputs"],
        "outputs": run["outputs"],
        "files": own,
    }


def without_others(files: list[str]) -> list[str]:
    """The files of the run itself: those of other runs, models and traces are listed in folders beside them."""
    others = ("runs/", "models/", "traces/")
    return [
        path
        for path in files
        if not path.startswith(others) and not left_out.LISTED_BY_DRESSAGE.fullmatch(path)
    ]


def registry_of(versions: list[Held], folder: Path) -> list[dict[str, Any]]:
    """The names in the registry. What may change of them is kept in a file beside their versions."""
    names = sorted({version["name"] for version in versions})
    return [registered(name, [item for item in versions if item["name"] == name], folder) for name in names]


def registered(name: str, versions: list[Held], folder: Path) -> dict[str, Any]:
    notes = json.loads((folder / ".dressage" / "models" / name / "registry.json").read_text())
    shown = [version_of(version, notes) for version in versions]
    return {"name": name, "description": notes["description"], "tags": notes["tags"], "versions": shown}


def version_of(version: Held, notes: Held) -> dict[str, Any]:
    number = version["version"]
    own = notes["versions"][str(number)]
    return {
        **{name: own[name] for name in ("description", "tags", "run_id")},
        "version": number,
        "aliases": sorted(alias for alias, aliased in notes["aliases"].items() if aliased == number),
        "files": [file["path"] for file in version["files"]],
    }


def spans_of(trace: Held, files: list[str], dressage: Dressage, folder: Path) -> list[str]:
    """The names of a trace's spans, from its file as `runs download` gives it."""
    (path,) = [path for path in files if trace["trace_id"] in path and path.endswith("/traces.json")]
    told = dressage("runs", "download", "latest", path, "--to", "downloaded")
    assert told.returncode == 0, told.stderr
    return [span["name"] for span in json.loads((folder / "downloaded" / path).read_text())["spans"]]


def below(files: list[str], folder: str) -> list[str]:
    return sorted(path.removeprefix(f"{folder}/") for path in files if path.startswith(f"{folder}/"))


def printed(told: subprocess.CompletedProcess[str]) -> Any:
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)
