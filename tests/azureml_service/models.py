"""Model management: assets, which list the files of a model, and model versions."""

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
    """Return all versions of all models by id, oldest first."""
    held: dict[str, dict[str, Any]] = service.area("models")
    return held


def model(service: Service, number: str) -> dict[str, Any]:
    found = models(service).get(number)
    if not found:
        raise _Refused(404, "ModelNotFound", f"There is no model {number}.")
    return found


class _Refused(Refusal):
    """An error in model management's format."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        body = {"statusCode": status, "code": code, "message": message, "details": [], "correlation": {}}
        self.response = Response(status, body)


@routes.route("POST", ASSETS)
def create_asset(service: Service, request: Request) -> Response:
    """Create an asset: a list of files that belong together."""
    body = request.json()
    number = str(uuid.uuid4())
    asset = {**body, "name": body["name"], "artifacts": body["artifacts"], "id": number, "createdTime": now()}
    service.area("assets")[number] = asset
    return Response(200, asset)


@routes.route("GET", ASSETS)
def assets(service: Service, request: Request) -> Response:
    """Return all assets, or those of one run or name."""
    wanted = {"runid": request.query.get("runId"), "name": request.query.get("name")}
    known = service.area("assets").values()
    found = [each for each in known if all(value in (None, each.get(key)) for key, value in wanted.items())]
    return Response(200, {"value": found})


@routes.route("GET", f"{ASSETS}/{{number}}")
def asset(service: Service, request: Request, number: str) -> Response:
    """Return one asset."""
    found = service.area("assets").get(number)
    if not found:
        raise _Refused(404, "AssetNotFound", f"There is no asset {number}.")
    return Response(200, found)


@routes.route("POST", MODELS)
def register(service: Service, request: Request) -> Response:
    """Register the next version of a model."""
    body = request.json()
    if body["url"].removeprefix("aml://asset/") not in service.area("assets"):
        raise _Refused(400, "AssetNotFound", f"There is no asset {body['url']}.")
    with service.lock:
        version = max(
            (each["version"] for each in models(service).values() if each["name"] == body["name"]), default=0
        )
        registered = {key: body.get(key) for key in REGISTERED} | {
            "id": f"{body['name']}:{version + 1}",
            "version": version + 1,
            "createdTime": now(),
            "modifiedTime": now(),
            "createdBy": {"userObjectId": "loopback-user", "userName": "Loopback User"},
            "kvTags": body.get("kvTags") or {},
            "properties": body.get("properties") or {},
            "datasets": body.get("datasets") or [],
        }
        models(service)[registered["id"]] = registered
    return Response(200, registered)


@routes.route("GET", MODELS)
def list_models(service: Service, request: Request) -> Response:
    """Return the models that match a query, newest first."""
    return _list(service, {**request.query, "tags": request.query.get("tags") or request.query.get("tag")})


@routes.route("POST", f"{MODELS}/list", changes=False)
def query(service: Service, request: Request) -> Response:
    """Return the models that match a query in the request's body."""
    return _list(service, request.json())


def _list(service: Service, options: dict[str, Any]) -> Response:
    found = [each for each in reversed(list(models(service).values())) if _matches(each, options)]
    if str(options.get("latestVersionOnly")).lower() == "true":
        found = list({each["name"]: each for each in reversed(found)}.values())
    start, count = int(options.get("$skipToken") or 0), int(options.get("count") or 255)
    page = {"value": found[start : start + count]}
    following = (
        {"nextLink": f"{service.address}/?$skipToken={start + count}"} if start + count < len(found) else {}
    )
    return Response(200, page | following)


def _matches(each: dict[str, Any], options: dict[str, Any]) -> bool:
    fields = all(options.get(key) in (None, each[key]) for key in ("name", "framework", "runId"))
    version = options.get("version") in (None, each["version"], str(each["version"]))
    marked = _matches_tags(each["kvTags"], options.get("tags")) and _matches_tags(
        each["properties"], options.get("properties")
    )
    return fields and version and marked


def _matches_tags(known: dict[str, str], wanted: str | None) -> bool:
    """Return whether all tags match. wanted: `key=value` or `key`, separated by commas."""
    pairs = [each.partition("=") for each in (wanted or "").split(",") if each]
    return all(key in known and (not equals or known[key] == value) for key, equals, value in pairs)


@routes.route("GET", f"{MODELS}/{{number}}")
def get(service: Service, request: Request, number: str) -> Response:
    """Return one version of a model."""
    return Response(200, model(service, number))


@routes.route("PATCH", f"{MODELS}/{{number}}")
def change(service: Service, request: Request, number: str) -> Response:
    """Add and remove tags and properties, or set the description."""
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
    """Delete one version."""
    models(service).pop(model(service, number)["id"])
    return Response(200)
