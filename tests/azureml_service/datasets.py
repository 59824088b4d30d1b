"""The dataset service: saves definitions and registers versions of them under a name."""

import json
from typing import Any

from tests.azureml_service.addresses import WORKSPACE
from tests.azureml_service.definitions import datasets_of
from tests.azureml_service.inputs import deliver, materialise
from tests.azureml_service.routing import Refusal, Request, Response, Routes

__all__ = ["deliver", "materialise", "routes"]

_DATASETS = f"/dataset/v1.0{WORKSPACE}/datasets"
_SAVED = f"/dataset/v1.0{WORKSPACE}/saveddatasets"

routes = Routes()


def _require(sent: Any, *names: str) -> None:
    for name in names:
        value = sent
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if not value:
            raise Refusal(400, "UserError", f"The field {name} is required.")


@routes.route("POST", _DATASETS)
def _register(service: Any, request: Request, **_: str) -> Response:
    sent = request.json()
    _require(sent, "name", "datasetType", "latest.dataflow")
    again = request.query.get("ifExistsOk", "").lower() == "true"
    return Response(body=datasets_of(service).register(sent, again))


@routes.route("GET", _DATASETS)
def _list(service: Any, request: Request, **_: str) -> Response:
    """Return the latest version of each registered dataset, in pages."""
    datasets, start = datasets_of(service), int(request.query.get("continuationToken", 0))
    names, size = sorted(datasets.named), int(request.query.get("pageSize", 100))
    page = [datasets.to_json(name) for name in names[start : start + size]]
    following = str(start + size) if start + size < len(names) else None
    return Response(body={"value": page, "continuationToken": following})


@routes.route("GET", f"{_DATASETS}/query/name={{name}}")
def _get_by_name(service: Any, request: Request, name: str, **_: str) -> Response:
    datasets, version = datasets_of(service), int(request.query.get("versionId", 0))
    known = datasets.named.get(name)
    if known is None or version > len(known["versions"]):
        raise Refusal(
            404, "UserError", f"No dataset with name {name} and version {version or 'latest'} was found."
        )
    return Response(body=datasets.to_json(name, version))


@routes.route("GET", f"{_DATASETS}/query/savedDatasetId={{identifier}}")
def _get_by_saved_id(service: Any, request: Request, identifier: str, **_: str) -> Response:
    datasets = datasets_of(service)
    found = [datasets.to_json(*each) for each in datasets.find_versions(identifier)]
    return Response(body={"value": found[:1]})


@routes.route("PUT", f"{_DATASETS}/{{identifier}}")
def _update(service: Any, request: Request, identifier: str, **_: str) -> Response:
    """Change the description and tags of a version."""
    datasets, sent = datasets_of(service), request.json()
    _require(sent, "name", "latest.versionId")
    known, number = datasets.named.get(sent["name"]), int(sent["latest"]["versionId"])
    if known is None or known["datasetId"] != identifier or number > len(known["versions"]):
        raise Refusal(404, "UserError", f"No dataset with id {identifier} was found.")
    with datasets.lock:
        changed = {"tags": sent.get("tags") or {}, "description": sent.get("description")}
        known["versions"][number - 1].update(changed)
        datasets.keep()
    return Response(body=datasets.to_json(sent["name"], number))


@routes.route("POST", _SAVED)
def _save(service: Any, request: Request, **_: str) -> Response:
    sent = request.json()
    _require(sent, "datasetType", "dataflowJson")
    return Response(
        body=datasets_of(service).save(sent["datasetType"], sent["dataflowJson"], sent.get("properties"))
    )


@routes.route("GET", f"{_SAVED}/{{identifier}}")
def _get_saved(service: Any, request: Request, identifier: str, **_: str) -> Response:
    return Response(body=datasets_of(service).definition(identifier))


@routes.route("GET", f"/data/v1.0{WORKSPACE}/dataversion/{{name}}/versions/{{version}}")
def _get_dataflow(service: Any, request: Request, name: str, **_: str) -> Response:
    """Return a saved definition in the format of the client's dataset library."""
    definition = datasets_of(service).definition(name.removeprefix("unregistered-"))
    return Response(body={"legacyDataflow": json.loads(definition["dataflowJson"])["meta"]["RsDataflow"]})
