"""What is logged to a run: metrics, parameters, tags, inputs, and the models that it left."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from dressage.results.tracking import RunData
from dressage.supervision.tracking import requests
from dressage.supervision.tracking.answers import Answer
from dressage.supervision.tracking.errors import invalid, missing
from dressage.supervision.tracking.state import Event, TrackingState, now_ms


def log_metric(state: TrackingState, asked: requests.LogMetric) -> Answer:
    state.write("metrics", state.active_run(requests.run_id_of(asked)).run_id, items=[_metric_item(asked)])
    return {}


def log_parameter(state: TrackingState, asked: requests.LogPair) -> Answer:
    run = state.active_run(requests.run_id_of(asked))
    _write_params(state, run, _new_params(run, [asked]))
    return {}


def set_tag(state: TrackingState, asked: requests.LogPair) -> Answer:
    run = state.active_run(requests.run_id_of(asked))
    _write_tags(state, run, tag_items([asked]))
    return {}


def delete_tag(state: TrackingState, asked: requests.RunKey) -> Answer:
    run = state.active_run(requests.run_id_of(asked))
    if asked.key not in run.tags:
        raise missing(f"No tag with name: {asked.key} in run with id {run.run_id}")
    state.write("tags", run.run_id, items=[{"key": asked.key, "value": None}])
    return {}


def log_batch(state: TrackingState, asked: requests.LogBatch) -> Answer:
    """All of it is written, or none."""
    run = state.active_run(requests.run_id_of(asked))
    items = {
        "params": _new_params(run, asked.params or ()),
        "metrics": [_metric_item(metric) for metric in asked.metrics or ()],
        "tags": tag_items(asked.tags or ()),
    }
    events = [(event, {"items": found}) for event, found in items.items() if found]
    state.write_all([*events, *_renamed(run, items["tags"])], run.run_id)
    return {}


def log_inputs(state: TrackingState, asked: requests.LogInputs) -> Answer:
    run = state.active_run(requests.run_id_of(asked))
    state.write(
        "inputs",
        run.run_id,
        items=[_input_item(read) for read in asked.datasets or ()],
        models=[read.model_id for read in asked.models or ()],
    )
    return {}


def log_outputs(state: TrackingState, asked: requests.LogOutputs) -> Answer:
    run = state.active_run(requests.run_id_of(asked))
    items = [{"model_id": output.model_id, "step": output.step or 0} for output in asked.models or ()]
    state.write("outputs", run.run_id, items=items)
    return {}


def log_model(state: TrackingState, asked: requests.LogModel) -> Answer:
    """Record a model as clients before MLflow 3 do: in a tag."""
    run = state.active_run(requests.run_id_of(asked))
    try:
        model = json.loads(asked.model_json)
    except (ValueError, RecursionError) as error:
        raise invalid(
            f"Malformed model info. \n {asked.model_json[:100]!r} \n not a valid JSON: {error}"
        ) from error
    if (
        not isinstance(model, dict)
        or not {"artifact_path", "flavors", "utc_time_created", "run_id"} <= model.keys()
    ):
        raise invalid(
            "Model json is missing mandatory fields: artifact_path, flavors, utc_time_created, run_id"
        )
    known = _history(run)
    _write_tags(state, run, [{"key": "mlflow.log-model.history", "value": json.dumps([*known, model])}])
    return {}


def tag_items(asked: Iterable[requests.Pair | requests.LogPair]) -> list[dict[str, str]]:
    return [{"key": tag.key, "value": tag.value or ""} for tag in asked]


def _history(run: RunData) -> list[Any]:
    """A script may have written something else into the tag."""
    try:
        known = json.loads(run.tags.get("mlflow.log-model.history", "[]"))
    except (ValueError, RecursionError):
        known = None
    return known if isinstance(known, list) else []


def _metric_item(asked: requests.Metric) -> dict[str, Any]:
    item = {
        "key": asked.key,
        "value": asked.value,
        "step": asked.step or 0,
        "timestamp": now_ms() if asked.timestamp is None else asked.timestamp,
    }
    if asked.model_id or asked.dataset_name:
        named = {name: getattr(asked, name) for name in ("model_id", "dataset_name", "dataset_digest")}
        item |= {name: value for name, value in named.items() if value}
    return item


def _new_params(run: RunData, asked: Iterable[requests.Pair | requests.LogPair]) -> list[dict[str, str]]:
    """A parameter that was logged keeps its value; a resumed run may log the same again."""
    items: dict[str, str] = {}
    for param in asked:
        value = param.value or ""
        before = items.get(param.key, run.params.get(param.key, value))
        if before != value:
            raise invalid(
                f"Changing param values is not allowed. Param with key='{param.key}' was already logged with"
                f" value='{before}' for run ID='{run.run_id}'. Attempted logging new value '{value}'."
            )
        items[param.key] = value
    return [{"key": key, "value": value} for key, value in items.items()]


def _write_params(state: TrackingState, run: RunData, items: list[dict[str, str]]) -> None:
    if items:
        state.write("params", run.run_id, items=items)


def _write_tags(state: TrackingState, run: RunData, items: list[dict[str, str]]) -> None:
    state.write_all([("tags", {"items": items}), *_renamed(run, items)], run.run_id)


def _renamed(run: RunData, tags: list[dict[str, str]]) -> Iterator[Event]:
    """The tag that holds a run's name renames it."""
    for tag in tags:
        if tag["key"] == "mlflow.runName" and tag["value"] != run.name:
            yield "tracking.status", {"run_name": tag["value"]}


def _input_item(read: requests.DatasetInput) -> dict[str, Any]:
    dataset = read.dataset
    return {
        "name": dataset.name,
        "digest": dataset.digest,
        "source_type": dataset.source_type or "",
        "source": dataset.source or "",
        "schema": dataset.schema,
        "profile": dataset.profile,
        "tags": requests.values_of(read.tags),
    }
