"""Convert the content of a store to a form that can be compared: without times, and with places instead of ids.

The input is what `dump.py` prints. A run's place is its position: "0" is the first run that the script opened, "1"
the next one, "0/0" the first child of "0". Child runs are sorted by content, because autologging opens many in the
same millisecond.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from tests.integrations import left_out

Content = Mapping[str, Any]
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


def canonical(content: Content) -> dict[str, Any]:
    """Return each aspect of the content; an empty value if the store has nothing of it."""
    runs = place_runs(content["runs"])
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
        "models": models_of(content, runs, places),
        "registry": {model["name"]: describe_registered(model, places) for model in content["registry"]},
        "traces": sorted(sorted(names) for names in content["traces"]),
        "experiments": sorted(name for name in content["experiments"] if name not in left_out.EXPERIMENTS),
    }


def place_runs(runs: list[Content], parent: Content | None = None, prefix: str = "") -> dict[str, Content]:
    """Return the runs below `parent` and their descendants, by place."""
    known = {run["run_id"] for run in runs}
    if parent is None:
        level = [run for run in runs if run["parent_id"] not in known]
    else:
        level = [run for run in runs if run["parent_id"] == parent["run_id"]]
        level.sort(key=lambda run: as_text(content_of(run)))
    found: dict[str, Content] = {}
    for number, run in enumerate(level):
        found |= {f"{prefix}{number}": run} | place_runs(runs, run, f"{prefix}{number}/")
    return found


def content_of(run: Content) -> dict[str, Any]:
    """Return the content of one run, without ids."""
    return {
        "params": run["params"],
        "tags": tags_of(run["tags"]),
        "metrics": {key: history_of(key, points) for key, points in run["history"].items()},
        "inputs": sorted(map(input_of, run["inputs"]), key=as_text),
        "files": run["files"],
    }


def tags_of(tags: Mapping[str, str]) -> dict[str, str]:
    excluded = {
        left_out.EXPERIMENTS_TAG,
        left_out.PARENT_TAG,
        left_out.VERSIONS_TAG,
        *left_out.TAGS_WITH_IDS,
        *left_out.TAGS_WITH_TIMES,
    }
    return {
        key: value
        for key, value in tags.items()
        if key not in excluded
        and not left_out.TAGS_OF_THE_MACHINE.fullmatch(key)
        and not (key == left_out.NAME_TAG and left_out.GENERATED_NAME.fullmatch(value))
    }


def history_of(key: str, points: list[Any]) -> list[Any]:
    """Return a metric's points in order of steps, and of values within a step."""
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


def input_of(item: Content) -> dict[str, Any]:
    if item["source_type"] == left_out.CODE_SOURCE:
        return {**item, "source": None}
    return dict(item)


def models_of(
    content: Content, runs: Mapping[str, Content], places: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the logged models in order of content, each with the runs and steps that it is an output of."""
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
        for model in content["models"]
    ]
    return sorted(models, key=as_text)


def describe_registered(model: Content, places: Mapping[str, str]) -> dict[str, Any]:
    """Return a registered model with its versions by number."""
    versions = {version["version"]: version_of(version, places) for version in model["versions"]}
    return {"description": model["description"], "tags": model["tags"], "versions": versions}


def version_of(version: Content, places: Mapping[str, str]) -> dict[str, Any]:
    kept = {name: version[name] for name in ("description", "tags", "aliases")}
    return kept | {"run": places.get(version["run_id"]), "files": files_of(version["files"])}


def files_of(files: list[str]) -> list[str]:
    return sorted(path for path in files if path not in left_out.FILES_OF_LOADING)


def metric_of(metric: Content, places: Mapping[str, str]) -> dict[str, Any]:
    kept = {name: metric[name] for name in ("key", "step", "dataset_name", "dataset_digest")}
    return kept | {"value": value_of(metric["key"], metric["value"]), "run": places.get(metric["run_id"])}


def as_text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
