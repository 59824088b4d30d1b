"""The loopback service that stands in for Azure ML: its state, and how it answers requests."""

import contextlib
import json
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module, util
from pathlib import Path
from typing import Any

from tests.azureml_service.faults import Behaviour, Fault
from tests.azureml_service.routing import Found, Refusal, Request, Response, Routes
from tests.azureml_service.server import Server, issue_certificate

__all__ = ["AREAS", "Behaviour", "Fault", "Service", "run_service"]

AREAS = (
    "control", "identity", "workspaces", "computes", "environments", "snapshots", "execution",
    "experiments", "history", "metrics", "tracking", "tracking_files", "artifacts", "models", "storage",
    "datasets", "blobs",
)  # fmt: skip
CONFIG = {
    "subscription_id": "11111111-2222-3333-4444-555555555555",
    "resource_group": "loopback-group",
    "workspace_name": "loopback",
}
OPEN = ("/control/", "/metadata/", "/identity/", "/adfs/", "/common/", "/discovery", "/portal", "/azureml-")


@dataclass
class Service:
    """The service. folder: where files are stored. python: the interpreter of scripts.

    requests: (method, path, whether it changes anything) of all requests. unknown: requests without a route.
    refused: invalid requests (status 400), with reasons. failures: errors of the service itself.
    """

    folder: Path
    address: str = ""
    trusted: Path = Path()
    python: str = sys.executable
    config: dict[str, str] = field(default_factory=lambda: dict(CONFIG))
    location: str = "westeurope"
    behaviour: Behaviour = field(default_factory=Behaviour)
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str, bool]] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    held: dict[str, Any] = field(default_factory=dict)
    routes: Routes = field(default_factory=Routes)

    def area(self, name: str, kind: Any = dict) -> Any:
        """Return the state of one area, created on first use."""
        with self.lock:
            if name not in self.held:
                self.held[name] = kind()
            return self.held[name]

    def join(self, routes: Routes) -> None:
        self.routes.table.extend(routes.table)

    @property
    def environ(self) -> dict[str, str]:
        """The variables that a client process needs."""
        home = self.folder / "home"
        return {
            "ARM_CLOUD_METADATA_URL": f"{self.address}/metadata/endpoints",
            "AZUREML_CURRENT_CLOUD": "AzureCloud",
            "AZURE_CONFIG_DIR": str(home / ".azure"),
            "HBI_WORKSPACE_JOB": "true",
            "HOME": str(home),
            "MSI_ENDPOINT": f"{self.address}/identity/token",
            "MSI_SECRET": "loopback",
            "REQUESTS_CA_BUNDLE": str(self.trusted),
            "SSL_CERT_FILE": str(self.trusted),
        }

    def answer(self, request: Request) -> Response | None:
        """Return the response to a request, or None if a fault drops the connection."""
        found = self.routes.find(request)
        with self.lock:
            self.requests.append((request.method, request.path, bool(found and found[2])))
            fault = next((each for each in self.faults if each.matches(request)), None)
            if fault:
                fault.times -= 1
        if fault:
            time.sleep(fault.delay_s)
            if fault.drop:
                return None
            if response := fault.response():
                return response
        response = self._dispatch(request, found)
        if fault:
            time.sleep(fault.late_s)
        return None if fault and fault.lose else response

    def _dispatch(self, request: Request, found: Found | None) -> Response:
        try:
            if found is None:
                return self._refuse_unknown(request)
            handler, segments, _ = found
            self._admit(request, segments)
            return handler(self, request, **segments)
        except Refusal as refusal:
            return self._refuse(request, refusal)
        except (KeyError, ValueError, TypeError) as error:
            if not isinstance(error, KeyError):
                self.failures.append(traceback.format_exc())
            return self._refuse(request, Refusal(400, "BadRequest", f"Missing or malformed: {error!r}"))
        except Exception:
            self.failures.append(traceback.format_exc())
            return Response(500, {"error": {"code": "InternalError", "message": traceback.format_exc()}})

    def _admit(self, request: Request, segments: dict[str, str]) -> None:
        """Refuse requests without authentication, and requests for other workspaces."""
        signed = "sig" in request.query or request.path.lower().startswith(OPEN)
        if not signed and not request.headers.get("authorization"):
            raise Refusal(401, "AuthenticationFailed", "Authentication failed: no Authorization header.")
        if request.path.startswith("/subscriptions") and "api-version" not in request.query:
            raise Refusal(400, "MissingApiVersionParameter", "The api-version query parameter is required.")
        names = {"sub": "subscription_id", "group": "resource_group", "workspace": "workspace_name"}
        for segment, name in names.items():
            if segment in segments and segments[segment].lower() != self.config[name].lower():
                code = {"sub": "SubscriptionNotFound", "group": "ResourceGroupNotFound"}
                raise Refusal(
                    404, code.get(segment, "ResourceNotFound"), f"There is no {name} {segments[segment]}."
                )
        for segment in names:
            segments.pop(segment, None)

    def _refuse_unknown(self, request: Request) -> Response:
        self.unknown.append((request.method, request.path))
        message = f"NO ROUTE ANSWERS {request.method} {request.path}: the loopback service must learn it."
        sys.stderr.write(f"{message} {dict(request.query)} {request.body[:500]!r}\n")
        return Response(501, {"error": {"code": "NotImplemented", "message": message}})

    def _refuse(self, request: Request, refusal: Refusal) -> Response:
        response = refusal.response
        if isinstance(response.body, dict) and "error" in response.body:
            response.body["error"].setdefault("details", [])  # the client expects it in every error
        if response.status == 400:
            self.refused.append((request.method, request.path, str(refusal)))
        return response

    def stop(self) -> None:
        """End the runs in the background."""
        for stop in self.area("closing", list):
            stop()


@contextlib.contextmanager
def run_service(folder: Path, **settings: Any) -> Iterator[Service]:
    """Run a service on a free port of localhost."""
    folder = folder.resolve()
    (folder / "home").mkdir(parents=True, exist_ok=True)
    context, trusted = issue_certificate(folder)
    service = Service(folder, trusted=trusted, **settings)
    for area in AREAS:
        name = f"tests.azureml_service.{area}"
        if util.find_spec(name):
            service.join(import_module(name).routes)
    server = Server(context, service.answer)
    service.address = f"https://localhost:{server.server_address[1]}"
    (folder / "config.json").write_text(json.dumps(service.config), encoding="utf-8")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.stop()
        server.shutdown()
        server.server_close()
        thread.join(5)
