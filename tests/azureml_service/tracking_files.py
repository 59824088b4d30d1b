"""Artifacts in the MLflow protocol: list, write and read a run's files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.azureml_service.artifacts import ORIGIN, content, keep, names
from tests.azureml_service.routing import Request, Response, Routes
from tests.azureml_service.tracking import API, ROOT, find_run

if TYPE_CHECKING:
    from tests.azureml_service.service import Service

routes = Routes()
FILES = f"{ROOT}/api/2.0/mlflow-artifacts/artifacts"


@routes.route("GET", f"{API}/artifacts/list")
def artifacts(service: Service, request: Request) -> Response:
    """Return the artifacts of a run in one folder."""
    found = find_run(service, request.query.get("run_id") or request.query["run_uuid"])
    return Response(
        200, {"root_uri": f"mlflow-artifacts:/{found.id}", "files": _level(service, found.id, request)}
    )


@routes.route("GET", FILES)
def files(service: Service, request: Request) -> Response:
    """Return the artifacts in a folder, named by the address of the run's folder."""
    run_id, _, folder = request.query["path"].partition("/")
    listed = _level(service, run_id, Request("GET", "", {"path": folder}, {}))
    return Response(200, {"files": [{**each, "path": each["path"].rsplit("/", 1)[-1]} for each in listed]})


def _level(service: Service, run_id: str, request: Request) -> list[dict[str, Any]]:
    folder = request.query.get("path", "").strip("/")
    prefix = f"{folder}/" if folder else ""
    found = {}
    for name in names(service, ORIGIN, f"dcid.{run_id}", prefix):
        head, below, _ = name.removeprefix(prefix).partition("/")
        size = content(service, ORIGIN, f"dcid.{run_id}", name).stat().st_size
        found[prefix + head] = {"is_dir": True} if below else {"is_dir": False, "file_size": size}
    return [{"path": path, **each} for path, each in sorted(found.items())]


@routes.route("PUT", f"{FILES}/{{run_id}}/{{path:path}}")
def put(service: Service, request: Request, run_id: str, path: str) -> Response:
    """Write an artifact."""
    keep(service, find_run(service, run_id).id, path, request.body)
    return Response(200, {})


@routes.route("GET", f"{FILES}/{{run_id}}/{{path:path}}")
def download(service: Service, request: Request, run_id: str, path: str) -> Response:
    """Return an artifact's bytes."""
    return Response(200, content(service, ORIGIN, f"dcid.{run_id}", path).read_bytes())
