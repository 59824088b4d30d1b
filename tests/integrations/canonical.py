"""What a store holds, in one shape for both sides: ids become places, times and machines are left out.

A store is given as `dump.py` prints it. Runs are called by their place: "0" is the first that the script opened,
"1" the one it opened beside it, "0/0" the first below it. Runs below another are in order of content, since
autologging opens many in the same millisecond.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from tests.integrations import left_out

Held = Mapping[str, Any]
ASPECTS = (
    "params",
    "tags",
    "metrics",
    "inputs",
    "children",
    "models",
    "registry",
    "files",
    "traces",
    "experiments",
)


def canonical(held: Held) -> dict[str, Any]:
    """Each aspect of what is held; an empty value where there is nothing of it."""
    runs = placed(held["runs"])
    places = {run["run_id"]: place for place, run in runs.items()}
    parts = {place: content_of(run) for place, run in runs.items()}
    by_run = {
        aspect: {place: part[aspect] for place, part in parts.items() if part[aspect]}
        for aspect in ("params", "tags", "metrics", "inputs", "files")
    }
    return by_run | {
        "children": {
            place: {name: run[name] for name in ("status", "deleted")}
            for place, run in runs.items()
            if place != "0"
        },
        "models": models_of(held, runs, places),
        "registry": {model["name"]: registered(model, places) for model in held["registry"]},
        "traces": sorted(sorted(names) for names in held["traces"]),
        "experiments": sorted(name for name in held["experiments"] if name not in left_out.EXPERIMENTS),
    }


def placed(runs: list[Held], parent: Held | None = None, prefix: str = "") -> dict[str, Held]:
    """The runs below `parent`, and those below them, by place."""
    known = {run["run_id"] for run in runs}
    if parent is None:
        level = [run for run in runs if run["parent_id"] not in known]
    else:
        level = [run for run in runs if run["parent_id"] == parent["run_id"]]
        level.sort(key=lambda run: as_text(content_of(run)))
    found: dict[str, Held] = {}
    for number, run in enumerate(level):
        found |= {f"{prefix}{number}": run} | placed(runs, run, f"{prefix}{number}/")
    return found


def content_of(run: Held) -> dict[str, Any]:
    """What is in one run, without its ids."""
    return {
        "params": run["params"],
        "tags": tags_of(run["tags"]),
        "metrics": {key: history_of(key, points) for key, points in run["history"].items()},
        "inputs": sorted(map(input_of, run["inputs"]), key=as_text),
        "files": run["files"],
    }


def tags_of(tags: Mapping[str, str]) -> dict[str, str]:
    without = {
        left_out.EXPERIMENTS_TAG,
        left_out.PARENT_TAG,
        left_out.VERSIONS_TAG,
        *left_out.TAGS_WITH_IDS,
        *left_out.TAGS_WITH_TIMES,
    }
    return {
        key: value
        for key, value in tags.items()
        if key not in without
        and not left_out.TAGS_OF_THE_MACHINE.fullmatch(key)
        and not (key == left_out.NAME_TAG and left_out.GENERATED_NAME.fullmatch(value))
    }


def history_of(key: str, points: list[Any]) -> list[Any]:
    """In order of steps, and of values within a step."""
    history = sorted(
        ([step, value_of(key, value)] for step, value in points), key=lambda it: (it[0], str(it))
    )
    repeats = key in left_out.REPEATED
    return [point for place, point in enumerate(history) if not (repeats and point in history[:place])]


def value_of(key: str, value: float | None) -> float | str | None:
    if left_out.WALL_CLOCK.fullmatch(key):
        return "a time"
    is_number = isinstance(value, float | int) and math.isfinite(value) and abs(value) < left_out.LARGEST
    return value if is_number else None


def input_of(item: Held) -> dict[str, Any]:
    if item["source_type"] == left_out.CODE_SOURCE:
        return {**item, "source": None}
    return dict(item)


def models_of(held: Held, runs: Mapping[str, Held], places: Mapping[str, str]) -> list[dict[str, Any]]:
    """The logged models, in order of content, each with the runs and steps that it is an output of."""
    outputs: dict[str, list[Any]] = {}
    for place, run in runs.items():
        for output in run["outputs"]:
            outputs.setdefault(output["model_id"], []).append([place, output["step"]])
    models = [
        {name: model[name] for name in ("name", "model_type", "status", "params", "registered")}
        | {
            "files": files_of(model["files"]),
            "run": places.get(model["source_run_id"]),
            "tags": tags_of(model["tags"]),
            "metrics": sorted((metric_of(metric, places) for metric in model["metrics"]), key=as_text),
            "output of": sorted(outputs.get(model["model_id"], [])),
        }
        for model in held["models"]
    ]
    return sorted(models, key=as_text)


def registered(model: Held, places: Mapping[str, str]) -> dict[str, Any]:
    """A name in the registry, with its versions by number."""
    versions = {version["version"]: version_of(version, places) for version in model["versions"]}
    return {"description": model["description"], "tags": model["tags"], "versions": versions}


def version_of(version: Held, places: Mapping[str, str]) -> dict[str, Any]:
    kept = {name: version[name] for name in ("description", "tags", "aliases")}
    return kept | {"run": places.get(version["run_id"]), "files": files_of(version["files"])}


def files_of(files: list[str]) -> list[str]:
    return sorted(path for path in files if path not in left_out.FILES_OF_LOADING)


def metric_of(metric: Held, places: Mapping[str, str]) -> dict[str, Any]:
    kept = {name: metric[name] for name in ("key", "step", "dataset_name", "dataset_digest")}
    return kept | {"value": value_of(metric["key"], metric["value"]), "run": places.get(metric["run_id"])}


def as_text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
