"""Files of runs, and of models that were uploaded by hand: listed, uploaded and downloaded through blobs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.azureml_service.addresses import WORKSPACE, now
from tests.azureml_service.routing import Refusal, Request, Response, Routes
from tests.azureml_service.storage import stored

if TYPE_CHECKING:
    from tests.azureml_service.service import Service

routes = Routes()
CONTAINER = "azureml-artifacts"
ORIGIN = "ExperimentRun"
FILES = f"/artifact/v2.0{WORKSPACE}/artifacts"
PLACE = "{origin}/{container}"
OF_RUN = f"/history/v1.0{WORKSPACE}/experiments/{{experiment}}/runs/{{run_id}}/artifacts"


def keep(service: Service, run_id: str, name: str, content: bytes | Path) -> None:
    """Makes bytes, or a file as it is now, a run's artifact."""
    data = content if isinstance(content, bytes) else content.read_bytes()
    stored(service).put(CONTAINER, f"{ORIGIN}/dcid.{run_id}/{name}", [data])


def names(service: Service, origin: str, container: str, prefix: str = "") -> list[str]:
    """The artifacts of a container whose names start so."""
    place = f"{origin}/{container}/"
    return [blob.name.removeprefix(place) for blob in stored(service).blobs(CONTAINER, place + prefix)]


def content(service: Service, origin: str, container: str, path: str) -> Path:
    """An artifact's bytes, as a file."""
    name = f"{origin}/{container}/{path}"
    if stored(service).find(CONTAINER, name) is None:
        raise Refusal(404, "ArtifactNotFound", f"There is no artifact {name}.")
    return stored(service).content(CONTAINER, name)


def address(service: Service, origin: str, container: str, path: str) -> str:
    """Where an artifact can be read and written."""
    return stored(service).signed_address(CONTAINER, f"{origin}/{container}/{path}")


def _shown(origin: str, container: str, path: str) -> dict[str, Any]:
    return {
        "artifactId": f"{origin}/{container}/{path}",
        "origin": origin,
        "container": container,
        "path": path,
        "createdTime": now(),
    }


def _located(service: Service, origin: str, container: str, path: str) -> dict[str, Any]:
    place = {"origin": origin, "container": container, "path": path}
    return {**place, "contentUri": address(service, origin, container, path)}


def _found(service: Service, origin: str, container: str, path: str) -> Response:
    content(service, origin, container, path)
    return Response(200, _located(service, origin, container, path))


def _listed(service: Service, origin: str, container: str, prefix: str = "") -> Response:
    known = names(service, origin, container, prefix)
    return Response(200, {"value": [_shown(origin, container, path) for path in known]})


def _all_located(service: Service, origin: str, container: str, prefix: str) -> Response:
    start = prefix.strip("/")
    known = [
        name
        for name in names(service, origin, container, start)
        if name[len(start) :][:1] in ("", "/") or not start
    ]
    return Response(200, {"value": [_located(service, origin, container, path) for path in known]})


@routes.route("GET", f"{FILES}/contentinfo/{PLACE}/{{path:path}}")
def locate(service: Service, request: Request, origin: str, container: str, path: str) -> Response:
    """Where one artifact is to be had."""
    return _found(service, origin, container, path)


@routes.route("GET", f"{FILES}/write/{PLACE}/{{path:path}}")
def writable(service: Service, request: Request, origin: str, container: str, path: str) -> Response:
    """Where one artifact can be put."""
    return Response(200, _located(service, origin, container, path))


@routes.route("GET", f"{FILES}/prefix/contentinfo/{PLACE}/{{prefix:path}}")
@routes.route("GET", f"{FILES}/prefix/contentinfo/{PLACE}/")
@routes.route("GET", f"{FILES}/prefix/contentinfo/{PLACE}")
def locate_all(service: Service, request: Request, origin: str, container: str, prefix: str = "") -> Response:
    """Where the artifacts of a folder, or the one file, are to be had."""
    return _all_located(service, origin, container, prefix)


@routes.route("GET", f"{FILES}/content/{PLACE}/{{path:path}}")
def download(service: Service, request: Request, origin: str, container: str, path: str) -> Response:
    """One artifact's bytes."""
    return Response(200, content(service, origin, container, path).read_bytes())


@routes.route("POST", f"{FILES}/content/{PLACE}/{{path:path}}")
def upload(service: Service, request: Request, origin: str, container: str, path: str) -> Response:
    """Writes one artifact, or adds to it."""
    name, old = f"{origin}/{container}/{path}", b""
    if request.query.get("append", "").lower() == "true" and stored(service).find(CONTAINER, name):
        old = content(service, origin, container, path).read_bytes()
    stored(service).put(CONTAINER, name, [old, request.body])
    return Response(200, _shown(origin, container, path))


@routes.route("POST", f"{FILES}/batch/metadata/{PLACE}")
def prepare(service: Service, request: Request, origin: str, container: str) -> Response:
    """Places for new artifacts; those that are there already are errors, each for itself."""
    paths = [each["path"] for each in request.json()["paths"]]
    taken = set(names(service, origin, container)) & set(paths)
    errors = {path: {"error": {"code": "UserError", "message": _taken(path)}} for path in taken}
    free = [path for path in paths if path not in taken]
    body = {
        "artifacts": {path: _shown(origin, container, path) for path in free},
        "artifactContentInformation": {path: _located(service, origin, container, path) for path in free},
        "errors": errors,
    }
    return Response(200, body)


def _taken(path: str) -> str:
    return f"Resource Conflict: ArtifactId {path} already exists."


@routes.route("GET", f"{FILES}/{PLACE}")
def listed(service: Service, request: Request, origin: str, container: str) -> Response:
    """All artifacts of a container."""
    return _listed(service, origin, container)


@routes.route("GET", f"{OF_RUN}/contentinfo/{{path:path}}")
def locate_of_run(service: Service, request: Request, experiment: str, run_id: str, path: str) -> Response:
    """Where one of a run's artifacts is to be had."""
    return _found(service, ORIGIN, f"dcid.{run_id}", path)


@routes.route("GET", f"{OF_RUN}/prefix/contentinfo/{{prefix:path}}")
def locate_all_of_run(
    service: Service, request: Request, experiment: str, run_id: str, prefix: str
) -> Response:
    """Where those of a folder are to be had."""
    return _all_located(service, ORIGIN, f"dcid.{run_id}", prefix)


@routes.route("GET", OF_RUN)
def listed_of_run(service: Service, request: Request, experiment: str, run_id: str) -> Response:
    """All of a run's artifacts."""
    return _listed(service, ORIGIN, f"dcid.{run_id}")
