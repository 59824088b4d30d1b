"""Convert what dressage shows of a run to the format of `dump.py`."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.fixtures import Dressage
from tests.integrations import left_out
from tests.integrations.canonical import Content

STATES = {"Completed": "FINISHED", "Failed": "FAILED", "Canceled": "KILLED"}


def dump_dressage(dressage: Dressage, folder: Path) -> dict[str, Any]:
    """Return the content of dressage's latest run. folder: the folder that contains the workspace."""
    shown = parse_json(dressage("runs", "show", "latest", "-o", "json"))
    listed = [file["path"] for file in parse_json(dressage("runs", "files", "latest", "-o", "json"))]
    files = [
        path for path in listed if not path.startswith("work/")
    ]  # MLflow does not list what a script left
    named = shown["tags"].get(left_out.EXPERIMENTS_TAG)
    return {
        "shown": shown,
        "experiments": named.split(", ") if named else [],
        "runs": [run_of(run, files) for run in (first_of(shown), *shown["runs"])],
        "models": [{**model, "files": paths_below(files, model["path"])} for model in shown["logged_models"]],
        "registry": registry_of(parse_json(dressage("models", "list", "-o", "json")), folder),
        "traces": [spans_of(trace, files, dressage, folder) for trace in shown["traces"]],
    }


def first_of(shown: Content) -> dict[str, Any]:
    """Return the run itself in the format of the other runs: it is the first that its script opened."""
    status = STATES.get(shown["state"], shown["state"])
    return {**shown, "parent_id": None, "deleted": False, "status": status, "is_first": True}


def run_of(run: Content, files: list[str]) -> dict[str, Any]:
    own = without_others(files) if run.get("is_first") else paths_below(files, f"runs/{run['run_id']}")
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
    """Return the files of the run itself, without the folders of other runs, models and traces."""
    others = ("runs/", "models/", "traces/")
    return [
        path
        for path in files
        if not path.startswith(others) and not left_out.LISTED_BY_DRESSAGE.fullmatch(path)
    ]


def registry_of(versions: list[Content], folder: Path) -> list[dict[str, Any]]:
    """Return the registered models. Their changeable fields are in a file next to the versions."""
    names = sorted({version["name"] for version in versions})
    return [
        describe_registered(name, [item for item in versions if item["name"] == name], folder)
        for name in names
    ]


def describe_registered(name: str, versions: list[Content], folder: Path) -> dict[str, Any]:
    notes = json.loads((folder / ".dressage" / "models" / name / "registry.json").read_text())
    shown = [version_of(version, notes) for version in versions]
    return {"name": name, "description": notes["description"], "tags": notes["tags"], "versions": shown}


def version_of(version: Content, notes: Content) -> dict[str, Any]:
    number = version["version"]
    own = notes["versions"][str(number)]
    return {
        **{name: own[name] for name in ("description", "tags", "run_id")},
        "version": number,
        "aliases": sorted(alias for alias, aliased in notes["aliases"].items() if aliased == number),
        "files": [file["path"] for file in version["files"]],
    }


def spans_of(trace: Content, files: list[str], dressage: Dressage, folder: Path) -> list[str]:
    """Return the names of a trace's spans, from the file that `runs download` gets."""
    (path,) = [path for path in files if trace["trace_id"] in path and path.endswith("/traces.json")]
    result = dressage("runs", "download", "latest", path, "--to", "downloaded")
    assert result.returncode == 0, result.stderr
    return [span["name"] for span in json.loads((folder / "downloaded" / path).read_text())["spans"]]


def paths_below(files: list[str], folder: str) -> list[str]:
    return sorted(path.removeprefix(f"{folder}/") for path in files if path.startswith(f"{folder}/"))


def parse_json(result: subprocess.CompletedProcess[str]) -> Any:
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)
