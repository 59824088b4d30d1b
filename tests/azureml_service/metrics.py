"""The metrics API of the SDK: it reads all points of one metric at a time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.azureml_service.addresses import WORKSPACE
from tests.azureml_service.routing import Refusal, Request, Response, Routes
from tests.azureml_service.runs import Run, run

if TYPE_CHECKING:
    from tests.azureml_service.service import Service

routes = Routes()
METRICS = f"/metric/v2.0{WORKSPACE}/runs/{{run_id}}"


def names(each: Run) -> list[str]:
    """Return the names of the logged metrics, in the order of their first points."""
    return list(dict.fromkeys(name for name, *_ in each.metrics))


@routes.route("POST", f"{METRICS}/list", changes=False)
def list_metrics(service: Service, request: Request, run_id: str) -> Response:
    """Return the names of a run's metrics."""
    found = run(service, run_id)
    columns = {name: {name: "Double"} for name in names(found)}
    columns |= {name: table["columns"] for name, table in found.tables.items()}
    keys = [{"metricKey": {"name": name, "runId": run_id}, "columns": each} for name, each in columns.items()]
    return Response(200, {"value": keys})


@routes.route("POST", f"{METRICS}/full", changes=False)
def full(service: Service, request: Request, run_id: str) -> Response:
    """Return all points of one metric, or all rows of a table."""
    name, found = request.json()["metricName"], run(service, run_id)
    if name in found.tables:
        return Response(200, {**found.tables[name], "dataContainerId": f"dcid.{run_id}"})
    points = [point for point in found.metrics if point[0] == name]
    if not points:
        raise Refusal(404, "UserError", f"Run {run_id} has no metric {name}.")
    body = {
        "dataContainerId": f"dcid.{run_id}",
        "name": name,
        "columns": {name: "Double"},
        "properties": {"uxMetricType": "azureml.v1.scalar"},
        "value": [_point(run_id, number, *point) for number, point in enumerate(points)],
    }
    return Response(200, body)


def _point(run_id: str, number: int, name: str, value: float, step: int, stamp: int) -> dict[str, Any]:
    when = datetime.fromtimestamp(stamp / 1000, UTC).isoformat()
    return {"metricId": f"{run_id}/{name}/{number}", "createdUtc": when, "step": step, "data": {name: value}}


@routes.route("POST", f"{METRICS}/batch")
def batch(service: Service, request: Request, run_id: str) -> Response:
    """Store what run.log and similar methods of the SDK send."""
    found = run(service, run_id)
    for metric in request.json()["values"]:
        if set(metric["columns"]) == {metric["name"]} and _is_number(
            metric["value"][0]["data"][metric["name"]]
        ):
            _log(found, metric)
        else:
            table = found.tables.setdefault(metric["name"], {**metric, "value": []})
            table["value"].extend(metric["value"])
    return Response(200, {"errors": []})


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _log(found: Run, metric: dict[str, Any]) -> None:
    stamp = int(time.time() * 1000)
    for value in metric["value"]:
        found.metrics.append((metric["name"], value["data"][metric["name"]], value.get("step") or 0, stamp))
