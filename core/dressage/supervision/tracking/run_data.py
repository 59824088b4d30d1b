"""Requests that log to a run: metrics, parameters, tags, inputs and output models."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from dressage.results.tracking import RunData
from dressage.supervision.tracking import requests
from dressage.supervision.tracking.answers import Answer
from dressage.supervision.tracking.errors import invalid, missing
from dressage.supervision.tracking.state import Event, TrackingState, now_ms


def log_metric(state: TrackingState, request: requests.LogMetric) -> Answer:
    state.write(
        "metrics", state.active_run(requests.run_id_of(request)).run_id, items=[_metric_item(request)]
    )
    return {}


def log_parameter(state: TrackingState, request: requests.LogPair) -> Answer:
    run = state.active_run(requests.run_id_of(request))
    _write_params(state, run, _new_params(run, [request]))
    return {}


def set_tag(state: TrackingState, request: requests.LogPair) -> Answer:
    run = state.active_run(requests.run_id_of(request))
    _write_tags(state, run, tag_items([request]))
    return {}


def delete_tag(state: TrackingState, request: requests.RunKey) -> Answer:
    run = state.active_run(requests.run_id_of(request))
    if request.key not in run.tags:
        raise missing(f"No tag with name: {request.key} in run with id {run.run_id}")
    state.write("tags", run.run_id, items=[{"key": request.key, "value": None}])
    return {}


def log_batch(state: TrackingState, request: requests.LogBatch) -> Answer:
    """Log metrics, parameters and tags: all of them or, on an error, none."""
    run = state.active_run(requests.run_id_of(request))
    items = {
        "params": _new_params(run, request.params or ()),
        "metrics": [_metric_item(metric) for metric in request.metrics or ()],
        "tags": tag_items(request.tags or ()),
    }
    events = [(event, {"items": found}) for event, found in items.items() if found]
    state.write_all([*events, *_rename_events(run, items["tags"])], run.run_id)
    return {}


def log_inputs(state: TrackingState, request: requests.LogInputs) -> Answer:
    run = state.active_run(requests.run_id_of(request))
    state.write(
        "inputs",
        run.run_id,
        items=[_input_item(read) for read in request.datasets or ()],
        models=[read.model_id for read in request.models or ()],
    )
    return {}


def log_outputs(state: TrackingState, request: requests.LogOutputs) -> Answer:
    run = state.active_run(requests.run_id_of(request))
    items = [{"model_id": output.model_id, "step": output.step or 0} for output in request.models or ()]
    state.write("outputs", run.run_id, items=items)
    return {}


def log_model(state: TrackingState, request: requests.LogModel) -> Answer:
    """Record a model in a tag, as clients before MLflow 3 do."""
    run = state.active_run(requests.run_id_of(request))
    try:
        model = json.loads(request.model_json)
    except (ValueError, RecursionError) as error:
        raise invalid(
            f"Malformed model info. \n {request.model_json[:100]!r} \n not a valid JSON: {error}"
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


def tag_items(tags: Iterable[requests.Pair | requests.LogPair]) -> list[dict[str, str]]:
    """Return the items of a journal's "tags" event."""
    return [{"key": tag.key, "value": tag.value or ""} for tag in tags]


def _history(run: RunData) -> list[Any]:
    """Return the models that are recorded in the tag; none if the script wrote something else into it."""
    try:
        known = json.loads(run.tags.get("mlflow.log-model.history", "[]"))
    except (ValueError, RecursionError):
        known = None
    return known if isinstance(known, list) else []


def _metric_item(metric: requests.Metric) -> dict[str, Any]:
    item = {
        "key": metric.key,
        "value": metric.value,
        "step": metric.step or 0,
        "timestamp": now_ms() if metric.timestamp is None else metric.timestamp,
    }
    if metric.model_id or metric.dataset_name:
        named = {name: getattr(metric, name) for name in ("model_id", "dataset_name", "dataset_digest")}
        item |= {name: value for name, value in named.items() if value}
    return item


def _new_params(run: RunData, params: Iterable[requests.Pair | requests.LogPair]) -> list[dict[str, str]]:
    """Return the parameters' items. Raises RefusedError if a value differs from the one that was logged before."""
    items: dict[str, str] = {}
    for param in params:
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
    state.write_all([("tags", {"items": items}), *_rename_events(run, items)], run.run_id)


def _rename_events(run: RunData, tags: list[dict[str, str]]) -> Iterator[Event]:
    """Yield an event that renames the run, if the tag with the run's name changes."""
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
