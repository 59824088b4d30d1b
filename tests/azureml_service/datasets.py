"""The dataset service: saves definitions and registers versions of them under a name."""

import json
from typing import Any

from tests.azureml_service.addresses import WORKSPACE
from tests.azureml_service.definitions import kept
from tests.azureml_service.inputs import delivered, materialise
from tests.azureml_service.routing import Refusal, Request, Response, Routes

__all__ = ["delivered", "materialise", "routes"]

_DATASETS = f"/dataset/v1.0{WORKSPACE}/datasets"
_SAVED = f"/dataset/v1.0{WORKSPACE}/saveddatasets"

routes = Routes()


def _required(sent: Any, *names: str) -> None:
    for name in names:
        value = sent
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if not value:
            raise Refusal(400, "UserError", f"The field {name} is required.")


@routes.route("POST", _DATASETS)
def _register(service: Any, request: Request, **_: str) -> Response:
    sent = request.json()
    _required(sent, "name", "datasetType", "latest.dataflow")
    again = request.query.get("ifExistsOk", "").lower() == "true"
    return Response(body=kept(service).register(sent, again))


@routes.route("GET", _DATASETS)
def _list(service: Any, request: Request, **_: str) -> Response:
    """The latest version of each registered dataset, in pages."""
    datasets, start = kept(service), int(request.query.get("continuationToken", 0))
    names, size = sorted(datasets.named), int(request.query.get("pageSize", 100))
    page = [datasets.described(name) for name in names[start : start + size]]
    following = str(start + size) if start + size < len(names) else None
    return Response(body={"value": page, "continuationToken": following})


@routes.route("GET", f"{_DATASETS}/query/name={{name}}")
def _by_name(service: Any, request: Request, name: str, **_: str) -> Response:
    datasets, version = kept(service), int(request.query.get("versionId", 0))
    known = datasets.named.get(name)
    if known is None or version > len(known["versions"]):
        raise Refusal(
            404, "UserError", f"No dataset with name {name} and version {version or 'latest'} was found."
        )
    return Response(body=datasets.described(name, version))


@routes.route("GET", f"{_DATASETS}/query/savedDatasetId={{identifier}}")
def _by_saved_id(service: Any, request: Request, identifier: str, **_: str) -> Response:
    datasets = kept(service)
    found = [datasets.described(*each) for each in datasets.registered(identifier)]
    return Response(body={"value": found[:1]})


@routes.route("PUT", f"{_DATASETS}/{{identifier}}")
def _update(service: Any, request: Request, identifier: str, **_: str) -> Response:
    """Another description and other tags for a version."""
    datasets, sent = kept(service), request.json()
    _required(sent, "name", "latest.versionId")
    known, number = datasets.named.get(sent["name"]), int(sent["latest"]["versionId"])
    if known is None or known["datasetId"] != identifier or number > len(known["versions"]):
        raise Refusal(404, "UserError", f"No dataset with id {identifier} was found.")
    with datasets.lock:
        changed = {"tags": sent.get("tags") or {}, "description": sent.get("description")}
        known["versions"][number - 1].update(changed)
        datasets.keep()
    return Response(body=datasets.described(sent["name"], number))


@routes.route("POST", _SAVED)
def _save(service: Any, request: Request, **_: str) -> Response:
    sent = request.json()
    _required(sent, "datasetType", "dataflowJson")
    return Response(
        body=kept(service).save(sent["datasetType"], sent["dataflowJson"], sent.get("properties"))
    )


@routes.route("GET", f"{_SAVED}/{{identifier}}")
def _saved(service: Any, request: Request, identifier: str, **_: str) -> Response:
    return Response(body=kept(service).definition(identifier))


@routes.route("GET", f"/data/v1.0{WORKSPACE}/dataversion/{{name}}/versions/{{version}}")
def _dataflow(service: Any, request: Request, name: str, **_: str) -> Response:
    """A saved definition as the client's engine reads it."""
    definition = kept(service).definition(name.removeprefix("unregistered-"))
    return Response(body={"legacyDataflow": json.loads(definition["dataflowJson"])["meta"]["RsDataflow"]})
