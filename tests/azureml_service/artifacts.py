"""Artifacts: files of runs, and of models registered from a folder. They are stored as blobs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.azureml_service.addresses import WORKSPACE, now
from tests.azureml_service.routing import Refusal, Request, Response, Routes
from tests.azureml_service.storage import storage_of

if TYPE_CHECKING:
    from tests.azureml_service.service import Service

routes = Routes()
CONTAINER = "azureml-artifacts"
ORIGIN = "ExperimentRun"
FILES = f"/artifact/v2.0{WORKSPACE}/artifacts"
PLACE = "{origin}/{container}"
OF_RUN = f"/history/v1.0{WORKSPACE}/experiments/{{experiment}}/runs/{{run_id}}/artifacts"


def keep(service: Service, run_id: str, name: str, content: bytes | Path) -> None:
    """Store bytes, or the current content of a file, as a run's artifact."""
    data = content if isinstance(content, bytes) else content.read_bytes()
    storage_of(service).put(CONTAINER, f"{ORIGIN}/dcid.{run_id}/{name}", [data])


def names(service: Service, origin: str, container: str, prefix: str = "") -> list[str]:
    """Return the names of a container's artifacts that start with the prefix."""
    place = f"{origin}/{container}/"
    return [blob.name.removeprefix(place) for blob in storage_of(service).blobs(CONTAINER, place + prefix)]


def content(service: Service, origin: str, container: str, path: str) -> Path:
    """Return the file with an artifact's bytes."""
    name = f"{origin}/{container}/{path}"
    if storage_of(service).find(CONTAINER, name) is None:
        raise Refusal(404, "ArtifactNotFound", f"There is no artifact {name}.")
    return storage_of(service).content(CONTAINER, name)


def address(service: Service, origin: str, container: str, path: str) -> str:
    """Return the address to read and write an artifact."""
    return storage_of(service).sign_address(CONTAINER, f"{origin}/{container}/{path}")


def _to_json(origin: str, container: str, path: str) -> dict[str, Any]:
    return {
        "artifactId": f"{origin}/{container}/{path}",
        "origin": origin,
        "container": container,
        "path": path,
        "createdTime": now(),
    }


def _location(service: Service, origin: str, container: str, path: str) -> dict[str, Any]:
    place = {"origin": origin, "container": container, "path": path}
    return {**place, "contentUri": address(service, origin, container, path)}


def _locate(service: Service, origin: str, container: str, path: str) -> Response:
    content(service, origin, container, path)
    return Response(200, _location(service, origin, container, path))


def _list(service: Service, origin: str, container: str, prefix: str = "") -> Response:
    known = names(service, origin, container, prefix)
    return Response(200, {"value": [_to_json(origin, container, path) for path in known]})


def _locate_folder(service: Service, origin: str, container: str, prefix: str) -> Response:
    start = prefix.strip("/")
    known = [
        name
        for name in names(service, origin, container, start)
        if name[len(start) :][:1] in ("", "/") or not start
    ]
    return Response(200, {"value": [_location(service, origin, container, path) for path in known]})


@routes.route("GET", f"{FILES}/contentinfo/{PLACE}/{{path:path}}")
def locate(service: Service, request: Request, origin: str, container: str, path: str) -> Response:
    """Return the address of one artifact."""
    return _locate(service, origin, container, path)


@routes.route("GET", f"{FILES}/write/{PLACE}/{{path:path}}")
def locate_for_writing(
    service: Service, request: Request, origin: str, container: str, path: str
) -> Response:
    """Return the address to upload one artifact."""
    return Response(200, _location(service, origin, container, path))


@routes.route("GET", f"{FILES}/prefix/contentinfo/{PLACE}/{{prefix:path}}")
@routes.route("GET", f"{FILES}/prefix/contentinfo/{PLACE}/")
@routes.route("GET", f"{FILES}/prefix/contentinfo/{PLACE}")
def locate_all(service: Service, request: Request, origin: str, container: str, prefix: str = "") -> Response:
    """Return the addresses of a folder's artifacts, or of one file."""
    return _locate_folder(service, origin, container, prefix)


@routes.route("GET", f"{FILES}/content/{PLACE}/{{path:path}}")
def download(service: Service, request: Request, origin: str, container: str, path: str) -> Response:
    """Return one artifact's bytes."""
    return Response(200, content(service, origin, container, path).read_bytes())


@routes.route("POST", f"{FILES}/content/{PLACE}/{{path:path}}")
def upload(service: Service, request: Request, origin: str, container: str, path: str) -> Response:
    """Write one artifact, or append to it."""
    name, old = f"{origin}/{container}/{path}", b""
    if request.query.get("append", "").lower() == "true" and storage_of(service).find(CONTAINER, name):
        old = content(service, origin, container, path).read_bytes()
    storage_of(service).put(CONTAINER, name, [old, request.body])
    return Response(200, _to_json(origin, container, path))


@routes.route("POST", f"{FILES}/batch/metadata/{PLACE}")
def prepare(service: Service, request: Request, origin: str, container: str) -> Response:
    """Return addresses for new artifacts, and an error for each one that exists already."""
    paths = [each["path"] for each in request.json()["paths"]]
    taken = set(names(service, origin, container)) & set(paths)
    errors = {path: {"error": {"code": "UserError", "message": _conflict_message(path)}} for path in taken}
    free = [path for path in paths if path not in taken]
    body = {
        "artifacts": {path: _to_json(origin, container, path) for path in free},
        "artifactContentInformation": {path: _location(service, origin, container, path) for path in free},
        "errors": errors,
    }
    return Response(200, body)


def _conflict_message(path: str) -> str:
    return f"Resource Conflict: ArtifactId {path} already exists."


@routes.route("GET", f"{FILES}/{PLACE}")
def list_all(service: Service, request: Request, origin: str, container: str) -> Response:
    """Return all artifacts of a container."""
    return _list(service, origin, container)


@routes.route("GET", f"{OF_RUN}/contentinfo/{{path:path}}")
def locate_of_run(service: Service, request: Request, experiment: str, run_id: str, path: str) -> Response:
    """Return the address of one of a run's artifacts."""
    return _locate(service, ORIGIN, f"dcid.{run_id}", path)


@routes.route("GET", f"{OF_RUN}/prefix/contentinfo/{{prefix:path}}")
def locate_all_of_run(
    service: Service, request: Request, experiment: str, run_id: str, prefix: str
) -> Response:
    """Return the addresses of the artifacts in a folder of a run."""
    return _locate_folder(service, ORIGIN, f"dcid.{run_id}", prefix)


@routes.route("GET", OF_RUN)
def list_of_run(service: Service, request: Request, experiment: str, run_id: str) -> Response:
    """Return all of a run's artifacts."""
    return _list(service, ORIGIN, f"dcid.{run_id}")
