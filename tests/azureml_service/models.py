"""Model management: assets, which say where a model's files are, and the versions of models."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from tests.azureml_service.addresses import WORKSPACE, now
from tests.azureml_service.routing import Refusal, Request, Response, Routes

if TYPE_CHECKING:
    from tests.azureml_service.service import Service

routes = Routes()
MANAGEMENT = f"/modelmanagement/v1.0{WORKSPACE}"
ASSETS = f"{MANAGEMENT}/assets"
MODELS = f"{MANAGEMENT}/models"
REGISTERED = (
    "name", "kvTags", "properties", "description", "url", "mimeType", "framework", "frameworkVersion", "unpack",
    "experimentName", "runId", "datasets", "sampleInputData", "sampleOutputData", "resourceRequirements",
)  # fmt: skip


def models(service: Service) -> dict[str, dict[str, Any]]:
    """All versions of all models, by id, oldest first."""
    return service.area("models")


def model(service: Service, number: str) -> dict[str, Any]:
    found = models(service).get(number)
    if not found:
        raise _Refused(404, "ModelNotFound", f"There is no model {number}.")
    return found


class _Refused(Refusal):
    """As model management says it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        body = {"statusCode": status, "code": code, "message": message, "details": [], "correlation": {}}
        self.response = Response(status, body)


@routes.route("POST", ASSETS)
def create_asset(service: Service, request: Request) -> Response:
    """Notes where files are that belong together."""
    body = request.json()
    number = str(uuid.uuid4())
    asset = {**body, "name": body["name"], "artifacts": body["artifacts"], "id": number, "createdTime": now()}
    service.area("assets")[number] = asset
    return Response(200, asset)


@routes.route("GET", ASSETS)
def assets(service: Service, request: Request) -> Response:
    """All assets, or those of one run or name."""
    wanted = {"runid": request.query.get("runId"), "name": request.query.get("name")}
    known = service.area("assets").values()
    found = [each for each in known if all(value in (None, each.get(key)) for key, value in wanted.items())]
    return Response(200, {"value": found})


@routes.route("GET", f"{ASSETS}/{{number}}")
def asset(service: Service, request: Request, number: str) -> Response:
    """One asset."""
    found = service.area("assets").get(number)
    if not found:
        raise _Refused(404, "AssetNotFound", f"There is no asset {number}.")
    return Response(200, found)


@routes.route("POST", MODELS)
def register(service: Service, request: Request) -> Response:
    """A model's next version."""
    body = request.json()
    if body["url"].removeprefix("aml://asset/") not in service.area("assets"):
        raise _Refused(400, "AssetNotFound", f"There is no asset {body['url']}.")
    with service.lock:
        version = max(
            (each["version"] for each in models(service).values() if each["name"] == body["name"]), default=0
        )
        made = {key: body.get(key) for key in REGISTERED} | {
            "id": f"{body['name']}:{version + 1}",
            "version": version + 1,
            "createdTime": now(),
            "modifiedTime": now(),
            "createdBy": {"userObjectId": "loopback-user", "userName": "Loopback User"},
            "kvTags": body.get("kvTags") or {},
            "properties": body.get("properties") or {},
            "datasets": body.get("datasets") or [],
        }
        models(service)[made["id"]] = made
    return Response(200, made)


@routes.route("GET", MODELS)
def listed(service: Service, request: Request) -> Response:
    """The models that a query asks for, newest first."""
    return _listed(service, {**request.query, "tags": request.query.get("tags") or request.query.get("tag")})


@routes.route("POST", f"{MODELS}/list", changes=False)
def query(service: Service, request: Request) -> Response:
    """The same, asked in a body."""
    return _listed(service, request.json())


def _listed(service: Service, asked: dict[str, Any]) -> Response:
    found = [each for each in reversed(list(models(service).values())) if _wanted(each, asked)]
    if str(asked.get("latestVersionOnly")).lower() == "true":
        found = list({each["name"]: each for each in reversed(found)}.values())
    start, count = int(asked.get("$skipToken") or 0), int(asked.get("count") or 255)
    page = {"value": found[start : start + count]}
    following = (
        {"nextLink": f"{service.address}/?$skipToken={start + count}"} if start + count < len(found) else {}
    )
    return Response(200, page | following)


def _wanted(each: dict[str, Any], asked: dict[str, Any]) -> bool:
    fields = all(asked.get(key) in (None, each[key]) for key in ("name", "framework", "runId"))
    version = asked.get("version") in (None, each["version"], str(each["version"]))
    marked = _marked(each["kvTags"], asked.get("tags")) and _marked(
        each["properties"], asked.get("properties")
    )
    return fields and version and marked


def _marked(known: dict[str, str], wanted: str | None) -> bool:
    """wanted: `key=value` or `key`, several with commas between them."""
    pairs = [each.partition("=") for each in (wanted or "").split(",") if each]
    return all(key in known and (not equals or known[key] == value) for key, equals, value in pairs)


@routes.route("GET", f"{MODELS}/{{number}}")
def get(service: Service, request: Request, number: str) -> Response:
    """One version of a model."""
    return Response(200, model(service, number))


@routes.route("PATCH", f"{MODELS}/{{number}}")
def change(service: Service, request: Request, number: str) -> Response:
    """Adds and removes tags and properties, or sets a description."""
    changed = model(service, number)
    for each in request.json():
        field, _, key = each["path"].strip("/").partition("/")
        field = {"tags": "kvTags"}.get(field, field)
        if not key:
            changed[field] = each.get("value")
        elif each["op"] == "remove":
            changed[field].pop(key, None)
        else:
            changed[field][key] = each["value"]
    changed["modifiedTime"] = now()
    return Response(200, changed)


@routes.route("DELETE", f"{MODELS}/{{number}}")
def delete(service: Service, request: Request, number: str) -> Response:
    """Takes one version away."""
    models(service).pop(model(service, number)["id"])
    return Response(200)
