"""The MLflow protocol for training scripts: runs, metrics, parameters and tags."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.azureml_service.addresses import WORKSPACE
from tests.azureml_service.routing import Refusal, Request, Response, Routes
from tests.azureml_service.runs import ENDED, Run, ensure_run, experiment, experiment_by_id, run, runs

if TYPE_CHECKING:
    from tests.azureml_service.service import Service

routes = Routes()
ROOT = f"/mlflow/v2.0{WORKSPACE}"
API = f"{ROOT}/api/2.0/mlflow"
STATES = {"FINISHED": "Completed", "FAILED": "Failed", "KILLED": "Canceled", "RUNNING": "Running"}
NAMES = {
    "Completed": "FINISHED",
    "Failed": "FAILED",
    "Canceled": "KILLED",
    **dict.fromkeys(("NotStarted", "Starting", "Preparing", "Queued"), "SCHEDULED"),
}


def _stamp(moment: str | None) -> int | None:
    return int(datetime.fromisoformat(moment).timestamp() * 1000) if moment else None


def _metric(point: tuple[str, float, int, int]) -> dict[str, Any]:
    return dict(zip(("key", "value", "step", "timestamp"), point, strict=True))


def _pairs(known: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in known.items()]


def _to_json(each: Run) -> dict[str, Any]:
    info = {
        "run_id": each.id,
        "run_uuid": each.id,
        "run_name": each.sent.get("displayName") or each.id,
        "experiment_id": each.experiment.id,
        "user_id": "loopback",
        "status": NAMES.get(each.status, "RUNNING"),
        "start_time": _stamp(each.started or each.created),
        "end_time": _stamp(each.ended),
        "artifact_uri": f"mlflow-artifacts:/{each.id}",
        "lifecycle_stage": "active",
    }
    latest = {point[0]: _metric(point) for point in each.metrics}
    tags = {"mlflow.user": "Loopback User", "mlflow.rootRunId": each.id, **each.tags}
    data = {"metrics": list(latest.values()), "params": _pairs(each.params), "tags": _pairs(tags)}
    return {"run": {"info": info, "data": data, "inputs": {}}}


def _missing(error: Refusal, what: str) -> Refusal:
    error.response.body.update(error_code="RESOURCE_DOES_NOT_EXIST", message=what)
    return error


def find_run(service: Service, run_id: str) -> Run:
    try:
        return run(service, run_id)
    except Refusal as refusal:
        raise _missing(refusal, f"Run {run_id} not found") from None


def _find_requested(service: Service, sent: Mapping[str, Any]) -> Run:
    """Return the run that a request names. Older clients send `run_uuid`."""
    return find_run(service, sent.get("run_id") or sent["run_uuid"])


def _experiment(each: Any) -> dict[str, Any]:
    return {
        "experiment_id": each.id,
        "name": each.name,
        "artifact_location": "mlflow-artifacts:/",
        "lifecycle_stage": "deleted" if each.archived else "active",
        "tags": _pairs(each.tags),
    }


@routes.route("GET", f"{API}/experiments/get-by-name")
def by_name(service: Service, request: Request) -> Response:
    """Return an experiment by name."""
    name = request.query["experiment_name"]
    try:
        return Response(200, {"experiment": _experiment(experiment(service, name))})
    except Refusal as refusal:
        raise _missing(refusal, f"Experiment {name} not found") from None


@routes.route("GET", f"{API}/experiments/get")
def by_id(service: Service, request: Request) -> Response:
    """Return an experiment by id."""
    return Response(
        200, {"experiment": _experiment(experiment_by_id(service, request.query["experiment_id"]))}
    )


@routes.route("POST", f"{API}/experiments/create")
def create_experiment(service: Service, request: Request) -> Response:
    """Create an experiment."""
    return Response(200, {"experiment_id": experiment(service, request.json()["name"], make=True).id})


@routes.route("POST", f"{API}/runs/create")
def create(service: Service, request: Request) -> Response:
    """Create a run; its tags may name a parent."""
    body = request.json()
    made = ensure_run(service, experiment_by_id(service, body["experiment_id"]).name, str(uuid.uuid4()))
    made.describe({tag["key"]: tag["value"] for tag in body.get("tags", [])}, None)
    made.sent["displayName"] = body.get("run_name") or made.id
    if parent := made.tags.get("mlflow.parentRunId"):
        made.sent["parentRunId"] = parent
    made.enter("Running")
    return Response(200, _to_json(made))


@routes.route("GET", f"{API}/runs/get")
def get(service: Service, request: Request) -> Response:
    """Return one run."""
    return Response(200, _to_json(_find_requested(service, request.query)))


@routes.route("POST", f"{API}/runs/search", changes=False)
def search(service: Service, request: Request) -> Response:
    """Return the runs of some experiments that match a filter, newest first, page by page."""
    sent = request.json()
    wanted = sent.get("experiment_ids", [])
    for order in sent.get("order_by", []):
        if order.lower() not in ("start_time desc", "attributes.start_time desc"):
            raise Refusal(400, "INVALID_PARAMETER_VALUE", f"Ordering by {order} is not supported.")
    tags = _tags_of(sent.get("filter") or "")
    with service.lock:
        known = [each for each in runs(service).values() if each.experiment.id in wanted]
    found = [each for each in reversed(known) if tags.items() <= each.tags.items()]
    page, mark = _page(found, sent)
    return Response(200, {"runs": [_to_json(each)["run"] for each in page], **mark})


def _tags_of(expression: str) -> dict[str, str]:
    """Return the tags that a filter asks for. Azure ML's support of other filters differs between its versions."""
    clauses = [each for each in re.split(r"\s+and\s+", expression, flags=re.IGNORECASE) if each]
    matches = [re.fullmatch(r"tags\.([\w.]+)\s*=\s*'([^']*)'", each.strip()) for each in clauses]
    if None in matches:
        raise Refusal(400, "INVALID_PARAMETER_VALUE", f"The filter {expression} is not supported.")
    return {match[1]: match[2] for match in matches if match}


def _page(found: list[Any], sent: Mapping[str, Any]) -> tuple[list[Any], dict[str, str]]:
    """Return the part that a request asks for, and the token of the next one, if there is one."""
    start, count = int(sent.get("page_token") or 0), int(sent.get("max_results") or 1000)
    end = start + count
    return found[start:end], {"next_page_token": str(end)} if end < len(found) else {}


@routes.route("POST", f"{API}/experiments/search", changes=False)
def search_experiments(service: Service, request: Request) -> Response:
    """Return the experiments, page by page."""
    sent = request.json()
    wanted = {"ACTIVE_ONLY": (False,), "DELETED_ONLY": (True,), "ALL": (False, True)}[
        sent.get("view_type", "ACTIVE_ONLY")
    ]
    known = [each for each in service.area("experiments").values() if bool(each.archived) in wanted]
    page, mark = _page(known, sent)
    return Response(200, {"experiments": [_experiment(each) for each in page], **mark})


@routes.route("POST", f"{API}/runs/update")
def update(service: Service, request: Request) -> Response:
    """Change a run's name and state. The state of a submitted run is set by the service only."""
    body = request.json()
    changed = _find_requested(service, body)
    if body.get("run_name"):
        changed.sent["displayName"] = body["run_name"]
    if body.get("status") and changed.sent.get("runType") != "azureml.scriptrun":
        changed.enter(STATES[body["status"]])
    return Response(200, {"run_info": _to_json(changed)["run"]["info"]})


def _log_one(service: Service, request: Request, *, kind: str) -> Response:
    """Log one point of a metric, one parameter or one tag."""
    body = request.json()
    _log(_find_requested(service, body), **{kind: [body]})
    return Response(200, {})


for _path, _kind in (("log-metric", "metrics"), ("log-parameter", "params"), ("set-tag", "tags")):
    routes.route("POST", f"{API}/runs/{_path}")(partial(_log_one, kind=_kind))


@routes.route("POST", f"{API}/runs/delete-tag")
def delete_tag(service: Service, request: Request) -> Response:
    """Delete a tag."""
    body = request.json()
    find_run(service, body["run_id"]).tags.pop(body["key"], None)
    return Response(200, {})


@routes.route("POST", f"{API}/runs/log-batch")
def log_batch(service: Service, request: Request) -> Response:
    """Log several metrics, parameters and tags."""
    body = request.json()
    lists = {kind: body.get(kind, []) for kind in ("metrics", "params", "tags")}
    _log(find_run(service, body["run_id"]), **lists)
    return Response(200, {})


@routes.route("POST", f"{API}/runs/log-inputs")
@routes.route("POST", f"{API}/runs/outputs")
def log_inputs(service: Service, request: Request) -> Response:
    """Accept datasets and models of a run without storing them."""
    find_run(service, request.json()["run_id"])
    return Response(200, {})


def _log(changed: Run, metrics: Any = (), params: Any = (), tags: Any = ()) -> None:
    for each in params:
        if changed.params.setdefault(each["key"], each["value"]) != each["value"]:
            raise Refusal(400, "INVALID_PARAMETER_VALUE", f"Parameter {each['key']} was logged already.")
    for each in metrics:
        stamp = int(each.get("timestamp") or time.time() * 1000)
        changed.metrics.append((each["key"], float(each["value"]), int(each.get("step") or 0), stamp))
    changed.tags.update({each["key"]: each["value"] for each in tags})
    if changed.status not in (*ENDED, "Running") and changed.sent.get("runType") != "azureml.scriptrun":
        changed.enter("Running")


@routes.route("GET", f"{API}/metrics/get-history")
def points(service: Service, request: Request) -> Response:
    """Return all points of one metric."""
    found = _find_requested(service, request.query)
    key = request.query["metric_key"]
    return Response(200, {"metrics": [_metric(point) for point in found.metrics if point[0] == key]})
