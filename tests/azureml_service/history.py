"""Run history: runs, their children, tags, properties, events and details."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.azureml_service.addresses import WORKSPACE, now
from tests.azureml_service.artifacts import ORIGIN, address
from tests.azureml_service.filters import passes
from tests.azureml_service.routing import Refusal, Request, Response, Routes
from tests.azureml_service.runs import (
    Run,
    ensure_run,
    experiment_by_id,
    run,
    runs,
    to_json,
)  # fmt: skip

if TYPE_CHECKING:
    from tests.azureml_service.service import Service

routes = Routes()
HISTORY = f"/history/v1.0{WORKSPACE}"
NAMED = f"{HISTORY}/experiments/{{name}}"
NUMBERED = f"{HISTORY}/experimentids/{{number}}"
RUN = f"{NAMED}/runs/{{run_id}}"
EVENTS = {
    "Start": "Running",
    "Queued": "Queued",
    "Completed": "Completed",
    "Failed": "Failed",
    "Canceled": "Canceled",
    "CancelRequested": "CancelRequested",
}
WRITTEN = ("name", "displayName", "description", "hidden", "runType", "runTypeV2", "scriptName", "target",
           "parentRunId", "primaryMetricName", "inputDatasets", "outputDatasets")  # fmt: skip


@routes.route("GET", RUN)
@routes.route("GET", f"{NUMBERED}/runs/{{run_id}}")
@routes.route("GET", f"{HISTORY}/runs/{{run_id}}")
def get(service: Service, request: Request, run_id: str, name: str = "", number: str = "") -> Response:
    """Return one run."""
    found = run(service, run_id)
    if (name and name != found.experiment.name) or (number and number != found.experiment.id):
        raise Refusal(404, "UserError", f"Run {run_id} is not in experiment {name or number}.")
    return Response(200, to_json(service, found))


@routes.route("PATCH", RUN)
@routes.route("PATCH", f"{NUMBERED}/runs/{{run_id}}")
def change(service: Service, request: Request, run_id: str, name: str = "", number: str = "") -> Response:
    """Change a run, or create it."""
    body = request.json()
    with service.lock:
        is_new = run_id not in runs(service)
        changed = ensure_run(service, name or experiment_by_id(service, number).name, run_id)
        changed.describe(body.get("tags"), body.get("properties"))
        changed.sent.update({key: body[key] for key in WRITTEN if body.get(key) is not None})
        if is_new and body.get("status"):
            changed.enter(body["status"])
    return Response(200, to_json(service, changed))


@routes.route("POST", f"{NAMED}/runs:query", changes=False)
def query(service: Service, request: Request, name: str) -> Response:
    """Return an experiment's runs that match a filter, newest first."""
    return _list(service, request.json(), lambda each: each.experiment.name == name)


@routes.route("GET", f"{RUN}/children")
def children(service: Service, request: Request, name: str, run_id: str) -> Response:
    """Return the child runs of a run."""
    options = {key.removeprefix("$"): value for key, value in request.query.items()}
    return _list(service, options, lambda each: each.sent.get("parentRunId") == run_id)


@routes.route("GET", f"{HISTORY}/computes/{{compute}}/runs")
def on_compute(service: Service, request: Request, compute: str) -> Response:
    """Return the runs on a cluster."""
    options = {key.removeprefix("$"): value for key, value in request.query.items()}
    return _list(service, options, lambda each: each.sent.get("target") == compute)


def _list(service: Service, options: dict[str, Any], wanted: Any) -> Response:
    with service.lock:
        known = [to_json(service, each) for each in runs(service).values() if wanted(each)]
    found = [each for each in reversed(known) if passes(options.get("filter"), each)]
    start, top = int(options.get("continuationToken") or 0), int(options.get("top") or 500)
    token = str(start + top) if start + top < len(found) else None
    return Response(200, {"value": found[start : start + top], "continuationToken": token})


@routes.route("DELETE", f"{RUN}/tags")
def delete_tags(service: Service, request: Request, name: str, run_id: str) -> Response:
    """Delete tags."""
    changed = run(service, run_id)
    gone = {key: changed.tags.pop(key) for key in request.json() if key in changed.tags}
    return Response(200, {"tags": gone, "errors": {}})


@routes.route("GET", f"{RUN}/details")
def details(service: Service, request: Request, name: str, run_id: str) -> Response:
    """Return a run with its definition and the addresses of its logs."""
    found = run(service, run_id)
    known = to_json(service, found)
    logs = {log: address(service, ORIGIN, f"dcid.{run_id}", log) for log in found.logs}
    fields = ("runId", "target", "status", "startTimeUtc", "endTimeUtc", "error", "warnings", "properties")
    body = {field: known.get(field) for field in fields}
    lists = {field: known.get(field) or [] for field in ("inputDatasets", "outputDatasets")}
    return Response(
        200, {**body, **lists, "runDefinition": found.sent.get("runDefinition"), "logFiles": logs}
    )


@routes.route("POST", f"{RUN}/events")
def event(service: Service, request: Request, name: str, run_id: str) -> Response:
    """Apply an event that a client reports."""
    _apply_event(run(service, run_id), request.json())
    return Response(200)


@routes.route("POST", f"{NAMED}/batch/events")
def events(service: Service, request: Request, name: str) -> Response:
    """Apply several events."""
    for each in request.json()["events"]:
        _apply_event(run(service, each["data"]["RunId"]), each)
    return Response(200, {"errors": []})


def _apply_event(changed: Run, event: dict[str, Any]) -> None:
    kind = event["name"].rsplit(".", 1)[-1]
    if kind == "Warning":
        changed.warnings.append({"source": event["data"]["Source"], "message": event["data"]["Message"]})
    elif kind == "Error":
        changed.error = event["data"]["ErrorResponse"]
    elif kind in EVENTS:
        if kind.startswith("Cancel"):
            changed.canceled.set()
        changed.enter(EVENTS[kind], changed.error)


@routes.route("GET", f"{RUN}/token")
def token(service: Service, request: Request, name: str, run_id: str) -> Response:
    """Return a token for a run."""
    from tests.azureml_service.identity import token as issued

    return Response(200, {"token": issued(service), "expiryTimeUtc": now()})


@routes.route("POST", f"{RUN}/metricsingest/wait", changes=False)
@routes.route("GET", f"{RUN}/metricsingest/wait")
def wait_for_metrics(service: Service, request: Request, name: str, run_id: str) -> Response:
    """Return at once: metrics are stored when they are sent."""
    return Response(200)
