"""Environments: their versions, by content, and the images that are built of them."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.azureml_service.addresses import WORKSPACE, signed
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
    """One image build. failed: as what an error ends it. found: whether it was there already for somebody."""

    tag: str
    lasts_s: float
    error: str | None = None
    failed: str = "Failed"
    steps: list[str] = field(default_factory=list)
    found: bool = False
    begun: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> float:
        """How much of it, from 0 to 1."""
        return min((time.monotonic() - self.begun) / self.lasts_s, 1) if self.lasts_s else 1

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
        """What it has written so far, torn anywhere."""
        whole = "\n".join((*self.steps, self.error or f"Successfully tagged {self.tag}"))
        return whole[: int(self.done * len(whole))] if self.done >= 0.2 else ""


def digest(definition: dict[str, Any]) -> str:
    """What tells two definitions' images apart: not their names, not their variables."""
    lowered = {key.lower(): value for key, value in definition.items()}
    parts = {key: lowered.get(key) for key in ("python", "docker", "spark", "r")}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def built(service: Service, definition: dict[str, Any]) -> Image:
    """The image of a definition: begun when it is not there, and begun again when it failed."""
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
    """All versions of one environment, oldest first."""
    found = service.area("environments").get(name)
    if not found:
        raise Refusal(404, "EnvironmentNotFound", f"Environment {name} not found.")
    return list(found)


def numbered(service: Service, name: str, number: str | None) -> dict[str, Any]:
    """One version, or the newest."""
    known = versions(service, name)
    if number is None:
        return known[-1]
    for each in known:
        if each["version"] == number:
            return each
    raise Refusal(404, "EnvironmentNotFound", f"Environment {name} has no version {number}.")


def register(service: Service, name: str, number: str | None, definition: dict[str, Any]) -> dict[str, Any]:
    """The version that has this content: an old one, or a new one. A number that has other content is refused."""
    content = {key: value for key, value in definition.items() if key.lower() not in ("name", "version")}
    with service.lock:
        known = service.area("environments").setdefault(name, [])
        for each in known:
            same = each["content"] == content
            if number == each["version"] and not same:
                message = f"Environment {name} version {number} is registered and cannot be changed."
                raise Refusal(400, "EnvironmentVersionImmutable", message)
            if same and number in (None, each["version"]):
                return each
        known.append({"name": name, "version": number or str(len(known) + 1), "content": content})
        return known[-1]


def shown(each: dict[str, Any]) -> dict[str, Any]:
    """A definition as the service gives it back: keys in camel case."""
    content = {key[0].lower() + key[1:]: value for key, value in each["content"].items()}
    return {"name": each["name"], "version": each["version"], **content}


@routes.route("GET", f"{FIRST}/environments/")
@routes.route("GET", f"{FIRST}/environments")
def listed(service: Service, request: Request) -> Response:
    """The newest version of each environment."""
    known = service.area("environments")
    return Response(200, {"value": [shown(each[-1]) for each in known.values()]})


@routes.route("GET", FIRST + NAMED)
@routes.route("GET", FIRST + VERSION)
def get(service: Service, request: Request, name: str, version: str | None = None) -> Response:
    """One version, or the newest."""
    return Response(200, shown(numbered(service, name, version)))


@routes.route("PUT", FIRST + NAMED)
@routes.route("PUT", FIRST + VERSION)
def put(service: Service, request: Request, name: str, version: str | None = None) -> Response:
    """Registers a definition."""
    body = request.json()
    body["python"], body["Docker"]  # a definition without them is refused
    return Response(200, shown(register(service, name, version, body)))


@routes.route("GET", f"{FIRST}{NAMED}/image")
@routes.route("GET", f"{FIRST}{VERSION}/image")
def image(service: Service, request: Request, name: str, version: str | None = None) -> Response:
    """Whether an image is there."""
    definition = numbered(service, name, version)
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
    """Begins to build an image."""
    definition = numbered(service, name, version)
    built(service, definition["content"])
    tag = digest(definition["content"])
    return Response(202, {"location": f"{service.address}/environment/v1.0/builds/{tag}"})


@routes.route("GET", "/environment/v1.0/builds/{tag}")
def building(service: Service, request: Request, tag: str) -> Response:
    """How far a build is."""
    found = service.area("images")[tag]
    log = signed(f"{service.address}/environment/v1.0/builds/{tag}/log")
    return Response(200, {"status": found.status, "logUrl": log})


@routes.route("GET", "/environment/v1.0/builds/{tag}/log")
def log(service: Service, request: Request, tag: str) -> Response:
    """What a build wrote so far, as a blob: from a byte on, where that is asked for; none before it began."""
    written = service.area("images")[tag].log.encode()
    if not written:
        return Response(404, b"<?xml version='1.0'?><Error><Code>BlobNotFound</Code></Error>")
    first = int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
    if first >= len(written):
        return Response(416, b"<?xml version='1.0'?><Error><Code>InvalidRange</Code></Error>")
    return Response(206 if "range" in request.headers else 200, written[first:])
