"""Experiments, which group runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.azureml_service.addresses import WORKSPACE, now
from tests.azureml_service.filters import passes
from tests.azureml_service.routing import Request, Response, Routes
from tests.azureml_service.runs import Experiment, experiment, experiment_by_id

if TYPE_CHECKING:
    from tests.azureml_service.service import Service

routes = Routes()
HISTORY = f"/history/v1.0{WORKSPACE}"
NAMED = f"{HISTORY}/experiments/{{name}}"
NUMBERED = f"{HISTORY}/experimentids/{{number}}"


@routes.route("GET", NAMED)
def get_experiment(service: Service, request: Request, name: str) -> Response:
    """Return an experiment by name."""
    return Response(200, experiment(service, name).to_json())


@routes.route("POST", NAMED)
def create_experiment(service: Service, request: Request, name: str) -> Response:
    """Create an experiment. An existing one does not change."""
    return Response(200, experiment(service, name, make=True).to_json())


@routes.route("GET", NUMBERED)
def get_numbered_experiment(service: Service, request: Request, number: str) -> Response:
    """Return an experiment by id."""
    return Response(200, experiment_by_id(service, number).to_json())


@routes.route("PATCH", NUMBERED)
def change_experiment(service: Service, request: Request, number: str) -> Response:
    """Change tags and description; archive or restore the experiment."""
    body, changed = request.json(), experiment_by_id(service, number)
    changed.tags.update(body.get("tags") or {})
    changed.description = body.get("description") or changed.description
    if body.get("archive") is not None:
        changed.archived = now() if body["archive"] else None
    return Response(200, changed.to_json())


@routes.route("POST", f"{HISTORY}/experiments:query", changes=False)
def list_experiments(service: Service, request: Request) -> Response:
    """Return the experiments that match a filter."""
    body = request.json()
    view = body.get("viewType") or request.query.get("viewType") or "Default"
    known = [each for each in service.area("experiments").values() if _in_view(each, view)]
    return Response(
        200, {"value": [each.to_json() for each in known if passes(body.get("filter"), each.to_json())]}
    )


def _in_view(each: Experiment, view: str) -> bool:
    return view == "All" or (view == "ArchivedOnly") == bool(each.archived)
