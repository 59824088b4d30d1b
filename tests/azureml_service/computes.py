"""Create, modify and delete clusters through the resource manager."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from tests.azureml_service.addresses import SUBSCRIPTION, WORKSPACE, now
from tests.azureml_service.clusters import Cluster, Operation, cluster, clusters, to_json
from tests.azureml_service.routing import Refusal, Request, Response, Routes
from tests.azureml_service.workspaces import SIZES

if TYPE_CHECKING:
    from tests.azureml_service.service import Service

routes = Routes()
COMPUTES = f"{WORKSPACE}/computes"
READ = f"/rp/workspaces{COMPUTES}"  # where the client reads
OPERATIONS = f"{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/locations/{{location}}/operations"
NAME = r"[A-Za-z][A-Za-z0-9-]{1,23}"


@routes.route("GET", READ)
@routes.route("GET", COMPUTES)
def list_all(service: Service, request: Request) -> Response:
    """Return all clusters."""
    return Response(200, {"value": [to_json(service, each) for each in clusters(service).values()]})


@routes.route("GET", f"{READ}/{{name}}")
@routes.route("GET", f"{COMPUTES}/{{name}}")
def get(service: Service, request: Request, name: str) -> Response:
    """Return one cluster."""
    return Response(200, to_json(service, cluster(service, name)))


@routes.route("PUT", f"{COMPUTES}/{{name}}")
def create(service: Service, request: Request, name: str) -> Response:
    """Create a cluster, or change the scale of an existing one."""
    body = request.json()
    settings = body["properties"]["properties"]
    _check(service, name, body, settings)
    with service.lock:
        old = clusters(service).get(name.lower())
        if old:
            if old.state == "Deleting":
                raise Refusal(409, "Conflict", f"Compute {name} is being deleted.")
            _check_same_size(old, settings)
            old.settings["scaleSettings"] = settings["scaleSettings"]
            return _accept(service, old, 200, 0)
        delay = service.behaviour.creating_s
        made = Cluster(
            name, settings, body.get("tags") or {}, time.monotonic() + delay,
            body["properties"].get("description") or "",
        )  # fmt: skip
        clusters(service)[name.lower()] = made
    return _accept(service, made, 201, delay)


def _check(service: Service, name: str, body: dict[str, Any], settings: dict[str, Any]) -> None:
    import re

    if not re.fullmatch(NAME, name):
        raise Refusal(
            400, "BadRequest", f"Compute name {name} is invalid: 2 to 24 letters, digits or dashes."
        )
    if body["properties"]["computeType"] != "AmlCompute":
        raise Refusal(400, "BadRequest", f"Unsupported compute type {body['properties']['computeType']}.")
    size, scale = settings["vmSize"], settings["scaleSettings"]
    if size.upper() not in SIZES:
        raise Refusal(400, "BadRequest", f"The specified Azure ML Compute VM size {size} is not supported.")
    if scale["minNodeCount"] > scale["maxNodeCount"]:
        raise Refusal(400, "BadRequest", "The minimum node count is above the maximum.")
    if size.upper() in {each.upper() for each in service.behaviour.without_quota}:
        message = (
            f"The specified subscription has a {SIZES[size.upper()][0]} vCPU quota of 0 and cannot accomodate "
            f"for at least 1 requested managed compute node which maps to {SIZES[size.upper()][1]} vCPUs"
        )
        raise Refusal(400, "ClusterCoreQuotaReached", message)


def _check_same_size(old: Cluster, settings: dict[str, Any]) -> None:
    if old.settings["vmSize"].upper() != settings["vmSize"].upper():
        message = f"Compute {old.name} exists with size {old.settings['vmSize']}, which cannot be changed."
        raise Refusal(400, "BadRequest", message)


@routes.route("PATCH", f"{COMPUTES}/{{name}}")
def change(service: Service, request: Request, name: str) -> Response:
    """Change a cluster's scale."""
    changed = cluster(service, name)
    changed.settings["scaleSettings"] = request.json()["properties"]["properties"]["scaleSettings"]
    changed.modified = now()
    return _accept(service, changed, 200, 0)


@routes.route("DELETE", f"{COMPUTES}/{{name}}")
def delete(service: Service, request: Request, name: str) -> Response:
    """Delete a cluster."""
    if request.query["underlyingResourceAction"].lower() not in ("delete", "detach"):
        raise ValueError(request.query["underlyingResourceAction"])
    gone = cluster(service, name)
    gone.gone_at = time.monotonic() + service.behaviour.deleting_s
    return _accept(service, gone, 202, service.behaviour.deleting_s)


def _accept(service: Service, each: Cluster, status: int, delay: float) -> Response:
    number = str(uuid.uuid4())
    service.area("operations")[number] = Operation(time.monotonic() + delay)
    operations = OPERATIONS.format(sub=service.config["subscription_id"], location=service.location)
    address = f"{service.address}{operations}/{number}?api-version=2020-02-02"
    return Response(status, to_json(service, each), {"Azure-AsyncOperation": address})


@routes.route("GET", f"{OPERATIONS}/{{number}}")
def operation(service: Service, request: Request, location: str, number: str) -> Response:
    """Return the status of a long-running operation."""
    found = service.area("operations")[number]
    body = {"id": request.path, "name": number, "status": found.status}
    return Response(200, body if found.error is None else {**body, "error": found.error})
