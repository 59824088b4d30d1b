"""Routes for tests, because the service runs in another process: read its state, set its behaviour and faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.azureml_service.faults import Fault
from tests.azureml_service.routing import Request, Response, Routes

if TYPE_CHECKING:
    from tests.azureml_service.service import Service

routes = Routes()


@routes.route("GET", "/control/state")
def state(service: Service, request: Request) -> Response:
    """Return all requests so far, and the faults that have not happened yet."""
    seen = ("requests", "unknown", "refused", "failures")
    pending = [vars(fault) for fault in service.faults if fault.times > 0]
    known = [version["content"] for versions in service.area("environments").values() for version in versions]
    described = {"environments": [_conda(content) for content in known], "pending": pending}
    return Response(200, {name: getattr(service, name) for name in seen} | described)


def _conda(definition: dict[str, Any]) -> Any:
    return definition["python"].get("condaDependencies")


@routes.route("PATCH", "/control/behaviour", changes=False)
def behave(service: Service, request: Request) -> Response:
    """Set fields of Behaviour."""
    for name, value in request.json().items():
        if not hasattr(service.behaviour, name):
            raise ValueError(name)
        setattr(service.behaviour, name, value)
    return Response(200, vars(service.behaviour))


@routes.route("POST", "/control/faults", changes=False)
def fail(service: Service, request: Request) -> Response:
    """Add one fault."""
    service.faults.append(Fault(**request.json()))
    return Response(201, {"faults": len(service.faults)})
