"""MLflow 3 logged models: parameters, tags, metrics and files."""

import uuid
from typing import Any

from dressage.results.tracking import LoggedModel, ModelMetric
from dressage.supervision.tracking import requests
from dressage.supervision.tracking.answers import Answer, files_answer, model_answer, page_answer
from dressage.supervision.tracking.errors import invalid, missing
from dressage.supervision.tracking.search import Searchable, page, sort_by
from dressage.supervision.tracking.state import TrackingState, now_ms

_STATUSES = {
    "LOGGED_MODEL_PENDING": "PENDING",
    "LOGGED_MODEL_READY": "READY",
    "LOGGED_MODEL_UPLOAD_FAILED": "FAILED",
}
_TIMES = {
    **dict.fromkeys(("creation_timestamp", "creation_time"), lambda model: model.created_ms),
    **dict.fromkeys(("last_updated_timestamp", "last_updated_time"), lambda model: model.updated_ms),
}
_KINDS = {
    **dict.fromkeys(("metric", "metrics"), "metric"),
    **dict.fromkeys(("parameter", "parameters", "param", "params"), "param"),
    **dict.fromkeys(("tag", "tags"), "tag"),
    **dict.fromkeys(("attribute", "attributes", "attr"), "attribute"),
}


def create(state: TrackingState, request: requests.CreateLoggedModel) -> Answer:
    experiment = state.active_experiment(request.experiment_id)
    _check_name(request.name)
    model_id = f"m-{uuid.uuid4().hex}"
    now = now_ms()
    state.write(
        "tracking.model",
        model_id=model_id,
        name=request.name or f"model-{model_id[2:10]}",
        experiment_id=experiment.experiment_id,
        model_type=request.model_type,
        source_run_id=request.source_run_id,
        created_ms=now,
        updated_ms=now,
        params=requests.values_of(request.params),
        tags=requests.values_of(request.tags),
    )
    return _answer(state, state.model(model_id))


def get(state: TrackingState, request: requests.GetLoggedModel) -> Answer:
    return _answer(state, state.model(request.model_id, deleted=bool(request.allow_deleted)))


def finalize(state: TrackingState, request: requests.FinalizeLoggedModel) -> Answer:
    if request.status not in _STATUSES:
        raise invalid(
            f"Invalid value {request.status!r} for parameter 'status' supplied: use {', '.join(_STATUSES)}"
        )
    model = state.model(request.model_id)
    _change(state, model, status=_STATUSES[request.status])
    return _answer(state, model)


def delete(state: TrackingState, request: requests.LoggedModelById) -> Answer:
    _change(state, state.model(request.model_id), deleted=True)
    return {}


def log_params(state: TrackingState, request: requests.LoggedModelPairs) -> Answer:
    model = state.model(request.model_id)
    _change(state, model, params=requests.values_of(request.params))
    return {}


def set_tags(state: TrackingState, request: requests.LoggedModelPairs) -> Answer:
    model = state.model(request.model_id)
    _change(state, model, tags=[{"key": tag.key, "value": tag.value or ""} for tag in request.tags or ()])
    return _answer(state, model)


def delete_tag(state: TrackingState, request: requests.LoggedModelTag) -> Answer:
    model = state.model(request.model_id)
    if request.tag_key not in model.tags:
        raise missing(f"No tag with key {request.tag_key!r} found for model with ID {model.model_id!r}.")
    _change(state, model, tags=[{"key": request.tag_key, "value": None}])
    return {}


def search(state: TrackingState, request: requests.SearchLoggedModels) -> Answer:
    wanted = set(request.experiment_ids or ())
    datasets = request.datasets or []
    models = [
        model
        for model in state.tracked.models.values()
        if model.experiment_id in wanted and not model.deleted
    ]
    searchable = _searchable(datasets)
    if datasets and not any(clause.kind == "metric" for clause in searchable.clauses(request.filter)):
        models = [model for model in models if _metrics_on(model, datasets)]
    found = searchable.filter(models, request.filter)
    found.sort(key=lambda model: (-model.created_ms, model.model_id))
    for order in reversed(request.order_by or ()):
        found = _sort(found, order)
    shown, token = page(found, request.page_token, request.max_results or None, 100, 50_000)
    return page_answer("models", (model_answer(state, model) for model in shown), token)


def list_files(state: TrackingState, request: requests.LoggedModelFiles) -> Answer:
    root = state.files_of(state.model(request.model_id))
    return files_answer(root, request.artifact_directory_path)


def _answer(state: TrackingState, model: LoggedModel) -> Answer:
    return {"model": model_answer(state, model)}


def _change(state: TrackingState, model: LoggedModel, **fields: Any) -> None:
    state.write("tracking.model_changed", model_id=model.model_id, updated_ms=now_ms(), **fields)


def _searchable(datasets: list[requests.DatasetFilter]) -> Searchable[LoggedModel]:
    return Searchable(
        texts={
            "name": lambda model: model.name,
            "model_id": lambda model: model.model_id,
            "model_type": lambda model: model.model_type,
            "status": lambda model: model.status,
            "source_run_id": lambda model: model.source_run_id,
        },
        numbers=_TIMES,
        kinds=_KINDS,
        values={
            "param": lambda model: model.params,
            "tag": lambda model: model.tags,
        },
        many={
            "metric": lambda model, key: [
                metric.value for metric in _metrics_on(model, datasets) if metric.key == key
            ]
        },
        lists=frozenset({"name", "model_id", "model_type", "status", "source_run_id"}),
    )


def _metrics_on(model: LoggedModel, datasets: list[requests.DatasetFilter]) -> list[ModelMetric]:
    """Return a model's metrics on some datasets; on all datasets if none is named."""
    return [
        metric
        for metric in model.metrics
        if not datasets
        or any(
            metric.dataset_name == wanted.dataset_name
            and wanted.dataset_digest in (None, metric.dataset_digest)
            for wanted in datasets
        )
    ]


def _sort(models: list[LoggedModel], order: requests.ModelOrder) -> list[LoggedModel]:
    kind, dot, key = order.field_name.strip().partition(".")
    if dot and kind != "metrics":
        raise invalid(f"Invalid order by field name: {kind}, only `metrics.<name>` is allowed.")
    if order.dataset_digest and not order.dataset_name:
        raise invalid("`dataset_digest` can only be specified if `dataset_name` is also specified.")
    if not dot:
        return _searchable([]).sort(
            models, [f"{kind} {'ASC' if order.ascending in (True, None) else 'DESC'}"]
        )
    wanted = [requests.DatasetFilter(order.dataset_name, order.dataset_digest)] if order.dataset_name else []

    def value(model: LoggedModel) -> float | None:
        logged = [metric for metric in _metrics_on(model, wanted) if metric.key == key]
        return max(logged, key=lambda metric: metric.timestamp).value if logged else None

    return sort_by(models, value, descending=order.ascending is False)


def _check_name(name: str | None) -> None:
    if name is not None and any(letter in name for letter in "/:.%\"'"):
        raise invalid(
            f"Invalid model name ({name!r}) provided. Model name must be a non-empty string and cannot contain"
            " the following characters: ('/', ':', '.', '%', '\"', \"'\")"
        )
