"""The answers to MLflow's clients, as JSON.

Source: the messages of service.proto in github.com/mlflow/mlflow.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from dressage.results.metrics import Point, json_number, latest_of
from dressage.results.tracking import Experiment, Input, LoggedModel, ModelMetric, Output, RunData
from dressage.supervision.tracking.errors import invalid
from dressage.supervision.tracking.state import TrackingState, address_of

Answer = dict[str, Any]


def run_info(state: TrackingState, run: RunData) -> Answer:
    info = {
        "run_id": run.run_id,
        "run_uuid": run.run_id,
        "run_name": run.name,
        "experiment_id": state.experiment_of(run),
        "user_id": run.user,
        "status": run.status,
        "start_time": run.started_ms,
        "artifact_uri": address_of(state.artifacts_of(run)),
        "lifecycle_stage": "deleted" if run.deleted else "active",
    }
    return info if run.ended_ms is None else {**info, "end_time": run.ended_ms}


def run_answer(state: TrackingState, run: RunData) -> Answer:
    return {
        "info": run_info(state, run),
        "data": {
            "metrics": [metric_answer(key, latest_of(points)) for key, points in run.metrics.items()],
            "params": pairs(run.params),
            "tags": pairs(run.tags),
        },
        "inputs": {
            "dataset_inputs": [_input(read) for read in run.inputs],
            "model_inputs": [{"model_id": read.model_id} for read in run.model_inputs],
        },
        "outputs": {"model_outputs": [_output(output) for output in run.outputs]},
    }


def model_answer(state: TrackingState, model: LoggedModel) -> Answer:
    info = {
        "model_id": model.model_id,
        "experiment_id": model.experiment_id,
        "name": model.name,
        "creation_timestamp_ms": model.created_ms,
        "last_updated_timestamp_ms": model.updated_ms,
        "artifact_uri": address_of(state.files_of(model)),
        "status": f"LOGGED_MODEL_{'UPLOAD_FAILED' if model.status == 'FAILED' else model.status}",
        "model_type": model.model_type,
        "source_run_id": model.source_run_id,
        "tags": pairs(model.tags),
    }
    return {
        "info": {key: value for key, value in info.items() if value is not None},
        "data": {
            "params": pairs(model.params),
            "metrics": [_model_metric(model, metric) for metric in model.metrics],
        },
    }


def experiment_answer(state: TrackingState, experiment: Experiment) -> Answer:
    return {
        "experiment_id": experiment.experiment_id,
        "name": experiment.name,
        "artifact_location": address_of(state.identity.artifacts),
        "lifecycle_stage": "deleted" if experiment.deleted else "active",
        "creation_time": experiment.created_ms,
        "last_update_time": experiment.updated_ms or experiment.created_ms,
        "tags": pairs(experiment.tags),
    }


def metric_answer(key: str, point: Point) -> Answer:
    return {"key": key, "value": json_number(point.value), "step": point.step, "timestamp": point.timestamp}


def pairs(values: Mapping[str, str]) -> list[Answer]:
    return [{"key": key, "value": value} for key, value in values.items()]


def files_answer(root: Path, path: str | None) -> Answer:
    """List one folder below `root`. Raises RefusedError for a path that leads out of it."""
    if ".." in PurePosixPath(path or "").parts or "\0" in (path or "") or (path or "").startswith("/"):
        raise invalid(f"Invalid path {path!r}: it must be relative and stay below its root")
    folder = root / (path or "")
    try:
        is_inside = folder.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError) as error:  # too long, or circular links
        raise invalid(f"Invalid path {str(path)[:200]!r}: {error}") from error
    if not is_inside:
        raise invalid(f"Invalid path {path!r}: it leads out of the run's folder")
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    return {"root_uri": address_of(root), "files": [_file_answer(entry, root) for entry in entries]}


def page_answer(name: str, found: Iterable[Any], token: str) -> Answer:
    """Return one page of a search. token: of the next page; "" if there is none."""
    return {name: list(found), **({"next_page_token": token} if token else {})}


def _input(read: Input) -> Answer:
    fields = ("name", "digest", "source_type", "source", "schema", "profile")
    dataset = {name: getattr(read, name) for name in fields if getattr(read, name) is not None}
    return {"tags": pairs(read.tags), "dataset": dataset}


def _output(output: Output) -> Answer:
    return {"model_id": output.model_id, "step": output.step}


def _model_metric(model: LoggedModel, metric: ModelMetric) -> Answer:
    answer = {
        "key": metric.key,
        "value": json_number(metric.value),
        "timestamp": metric.timestamp,
        "step": metric.step,
        "model_id": model.model_id,
        "run_id": metric.run_id,
        "dataset_name": metric.dataset_name,
        "dataset_digest": metric.dataset_digest,
    }
    return {key: value for key, value in answer.items() if value is not None}


def _file_answer(entry: Path, root: Path) -> Answer:
    path = entry.relative_to(root).as_posix()
    if entry.is_dir():
        return {"path": path, "is_dir": True}
    return {"path": path, "is_dir": False, "file_size": entry.lstat().st_size}
