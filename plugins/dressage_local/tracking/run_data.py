"""What is logged to a run: metrics, parameters, tags, inputs, and the models that it left."""

import json
from collections.abc import Iterable
from typing import Any

from dressage.results.tracking import RunData
from dressage_local.tracking import requests
from dressage_local.tracking.answers import Answer
from dressage_local.tracking.errors import invalid, missing
from dressage_local.tracking.state import TrackingState, now_ms

_LONGEST_PARAM = 6000
_LONGEST_TAG = 8000


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
    """All of it, or nothing where one part is refused."""
    run = state.active_run(requests.run_id_of(asked))
    metrics = [_metric_item(metric) for metric in asked.metrics or ()]
    tags = tag_items(asked.tags or ())
    _write_params(state, run, _new_params(run, asked.params or ()))
    if metrics:
        state.write("metrics", run.run_id, items=metrics)
    if tags:
        _write_tags(state, run, tags)
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
    """How clients before MLflow 3 tell of a model among the artifacts: a tag that grows."""
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
    known = json.loads(run.tags.get("mlflow.log-model.history", "[]"))
    _write_tags(state, run, [{"key": "mlflow.log-model.history", "value": json.dumps([*known, model])}])
    return {}


def tag_items(asked: Iterable[requests.Pair | requests.LogPair]) -> list[dict[str, str]]:
    return [{"key": tag.key, "value": _checked(tag, _LONGEST_TAG)} for tag in asked]


def _metric_item(asked: requests.Metric | requests.LogMetric) -> dict[str, Any]:
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
        value = _checked(param, _LONGEST_PARAM)
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
    """The tag that holds a run's name renames it."""
    state.write("tags", run.run_id, items=items)
    for item in items:
        if item["key"] == "mlflow.runName" and item["value"] != run.name:
            state.write("tracking.status", run.run_id, run_name=item["value"])


def _input_item(read: requests.DatasetInput) -> dict[str, Any]:
    dataset = read.dataset
    return {
        "name": dataset.name,
        "digest": dataset.digest,
        "source_type": dataset.source_type or "",
        "source": dataset.source or "",
        "schema": dataset.schema,
        "profile": dataset.profile,
        "tags": {tag.key: tag.value or "" for tag in read.tags or ()},
    }


def _checked(pair: requests.Pair | requests.LogPair, longest: int) -> str:
    value = pair.value or ""
    if len(value) > longest:
        raise invalid(f"the value of {pair.key!r} has {len(value)} characters, {longest} at most are kept")
    return value
