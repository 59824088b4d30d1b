"""Environments: versions by content, and their images."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.azureml_service.addresses import WORKSPACE, sign
from tests.azureml_service.routing import Refusal, Request, Response, Routes

if TYPE_CHECKING:
    from tests.azureml_service.service import Service

routes = Routes()
FIRST = f"/environment/v1.0{WORKSPACE}"
SECOND = f"/environment/v2.0{WORKSPACE}"
NAMED = "/environments/{name}"
VERSION = "/environments/{name}/versions/{version}"
REGISTRY = "loopback.registry.localhost"


@dataclass
class Image:
    """One image build. failed: state after an error. found: whether a client has asked for it after it was built."""

    tag: str
    lasts_s: float
    error: str | None = None
    failed: str = "Failed"
    steps: list[str] = field(default_factory=list)
    found: bool = False
    started: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> float:
        """The finished part, from 0 to 1."""
        return min((time.monotonic() - self.started) / self.lasts_s, 1) if self.lasts_s else 1

    @property
    def status(self) -> str:
        if self.done < 1:
            return "GettingOrProvisioningACR" if self.done < 0.2 else "Running"
        return self.failed if self.error else "Succeeded"

    @property
    def has_failed(self) -> bool:
        return self.done == 1 and self.error is not None

    @property
    def log(self) -> str:
        """The log so far; it may end in the middle of a line."""
        whole = "\n".join((*self.steps, self.error or f"Successfully tagged {self.tag}"))
        return whole[: int(self.done * len(whole))] if self.done >= 0.2 else ""


def digest(definition: dict[str, Any]) -> str:
    """Return the digest of what an image is built from, without name and variables."""
    lowered = {key.lower(): value for key, value in definition.items()}
    parts = {key: lowered.get(key) for key in ("python", "docker", "spark", "r")}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def ensure_image(service: Service, definition: dict[str, Any]) -> Image:
    """Return the image of a definition. Starts to build it if it does not exist, or failed before."""
    tag = digest(definition)
    with service.lock:
        images: dict[str, Image] = service.area("images")
        if tag in images and images[tag].status == "Succeeded":
            images[tag].found = True
        elif tag not in images or images[tag].has_failed:
            base = (definition.get("docker") or definition.get("Docker") or {}).get("baseImage")
            steps = [
                "Step 1/3 : FROM " + str(base),
                "Step 2/3 : COPY conda",
                "Step 3/3 : RUN conda env create",
            ]
            behaviour = service.behaviour
            images[tag] = Image(
                f"azureml/azureml_{tag}", behaviour.image_s, behaviour.image_error, behaviour.image_end, steps
            )
        return images[tag]


def versions(service: Service, name: str) -> list[dict[str, Any]]:
    """Return all versions of one environment, oldest first."""
    found = service.area("environments").get(name)
    if not found:
        raise Refusal(404, "EnvironmentNotFound", f"Environment {name} not found.")
    return list(found)


def get_version(service: Service, name: str, number: str | None) -> dict[str, Any]:
    """Return one version, by default the newest."""
    known = versions(service, name)
    if number is None:
        return known[-1]
    for each in known:
        if each["version"] == number:
            return each
    raise Refusal(404, "EnvironmentNotFound", f"Environment {name} has no version {number}.")


def register(service: Service, name: str, number: str | None, definition: dict[str, Any]) -> dict[str, Any]:
    """Return the version with this content, added if necessary. Refuses a number that has other content."""
    content = {key: value for key, value in definition.items() if key.lower() not in ("name", "version")}
    with service.lock:
        known: list[dict[str, Any]] = service.area("environments").setdefault(name, [])
        for each in known:
            same = each["content"] == content
            if number == each["version"] and not same:
                message = f"Environment {name} version {number} is registered and cannot be changed."
                raise Refusal(400, "EnvironmentVersionImmutable", message)
            if same and number in (None, each["version"]):
                return each
        known.append({"name": name, "version": number or str(len(known) + 1), "content": content})
        return known[-1]


def to_json(each: dict[str, Any]) -> dict[str, Any]:
    """Return a definition as the service sends it: keys in camel case."""
    content = {key[0].lower() + key[1:]: value for key, value in each["content"].items()}
    return {"name": each["name"], "version": each["version"], **content}


@routes.route("GET", f"{FIRST}/environments/")
@routes.route("GET", f"{FIRST}/environments")
def list_all(service: Service, request: Request) -> Response:
    """Return the newest version of each environment."""
    known = service.area("environments")
    return Response(200, {"value": [to_json(each[-1]) for each in known.values()]})


@routes.route("GET", FIRST + NAMED)
@routes.route("GET", FIRST + VERSION)
def get(service: Service, request: Request, name: str, version: str | None = None) -> Response:
    """Return one version, by default the newest."""
    return Response(200, to_json(get_version(service, name, version)))


@routes.route("PUT", FIRST + NAMED)
@routes.route("PUT", FIRST + VERSION)
def put(service: Service, request: Request, name: str, version: str | None = None) -> Response:
    """Register a definition."""
    body = request.json()
    body["python"], body["Docker"]  # a definition without them is refused
    return Response(200, to_json(register(service, name, version, body)))


@routes.route("GET", f"{FIRST}{NAMED}/image")
@routes.route("GET", f"{FIRST}{VERSION}/image")
def image(service: Service, request: Request, name: str, version: str | None = None) -> Response:
    """Return whether the image exists."""
    definition = get_version(service, name, version)
    tag = digest(definition["content"])
    found = service.area("images").get(tag)
    return Response(
        200,
        {
            "imageExistsInRegistry": bool(found and found.status == "Succeeded"),
            "vsoPresent": False,
            "dockerImage": {"name": f"azureml/azureml_{tag}", "registry": {"address": REGISTRY}},
            "pythonEnvironment": {"interpreterPath": "python", "condaEnvironmentPath": f"azureml-envs/{tag}"},
            "ingredients": {"dockerfile": "FROM loopback"},
        },
    )


@routes.route("POST", f"{SECOND}{NAMED}/image")
@routes.route("POST", f"{SECOND}{VERSION}/image")
def build(service: Service, request: Request, name: str, version: str | None = None) -> Response:
    """Start to build an image."""
    definition = get_version(service, name, version)
    ensure_image(service, definition["content"])
    tag = digest(definition["content"])
    return Response(202, {"location": f"{service.address}/environment/v1.0/builds/{tag}"})


@routes.route("GET", "/environment/v1.0/builds/{tag}")
def get_build(service: Service, request: Request, tag: str) -> Response:
    """Return the status of a build."""
    found = service.area("images")[tag]
    log = sign(f"{service.address}/environment/v1.0/builds/{tag}/log")
    return Response(200, {"status": found.status, "logUrl": log})


@routes.route("GET", "/environment/v1.0/builds/{tag}/log")
def log(service: Service, request: Request, tag: str) -> Response:
    """Return a build's log so far, as a blob, optionally from a byte on. 404 before the build writes anything."""
    written = service.area("images")[tag].log.encode()
    if not written:
        return Response(404, b"<?xml version='1.0'?><Error><Code>BlobNotFound</Code></Error>")
    first = int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
    if first >= len(written):
        return Response(416, b"<?xml version='1.0'?><Error><Code>InvalidRange</Code></Error>")
    return Response(206 if "range" in request.headers else 200, written[first:])
