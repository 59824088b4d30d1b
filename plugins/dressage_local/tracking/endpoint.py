"""MLflow's protocol over HTTP on loopback, for the run's own script and nobody else."""

import hmac
import json
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from dressage.journal import Journal
from dressage_local.tracking.errors import RefusedError
from dressage_local.tracking.service import ROUTES, RunIdentity, TrackingService

_PATH = re.compile(r"^/(?:ajax-)?api/[23]\.0/mlflow/(.+)$")
_LARGEST_BODY = 64 << 20


class TrackingEndpoint:
    """Serves on a socket that is listening already, in threads of its own."""

    def __init__(self, listener: socket.socket, *, journal: Journal, run: RunIdentity, token: str) -> None:
        self._server = _Server(listener, TrackingService(journal, run), token)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Take no more requests; those under way are finished first."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listener: socket.socket, service: TrackingService, token: str) -> None:
        super().__init__(listener.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_port = listener.getsockname()[1]
        self.service = service
        self.token = token


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"  # one connection for a script's many small requests
    disable_nagle_algorithm = True
    timeout = 300

    def do_GET(self) -> None:
        self._answer("GET", dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self) -> None:
        self._answer("POST", None)

    do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815  # the names that http.server looks for

    def _answer(self, method: str, query: dict[str, str] | None) -> None:
        try:
            body = self._body()
            self._check_caller()
            arguments = query if query is not None else _object(body)
            status, answer = 200, self.server.service.answer(self._route(method), arguments)
        except RefusedError as refusal:
            status, answer = refusal.status, {"error_code": refusal.code, "message": str(refusal)}
        except OSError as error:  # the journal could not be written: the client must not think that it was
            message = f"the run's journal cannot be written: {error.strerror}; make room"
            status, answer = 507, {"error_code": "INTERNAL_ERROR", "message": message}
        self._send(status, answer)

    def _route(self, method: str) -> Any:
        found = _PATH.match(urlsplit(self.path).path)
        route = ROUTES.get((method, found[1].rstrip("/"))) if found else None
        if route is None:
            message = f"{method} {urlsplit(self.path).path} is not served here"
            raise RefusedError(404, "ENDPOINT_NOT_FOUND", message)
        return route

    def _check_caller(self) -> None:
        """Another user of this machine, or a page in a browser, must not write into the run."""
        host = (self.headers.get("Host") or "").rpartition(":")[0]
        if host not in ("127.0.0.1", "localhost"):
            raise RefusedError(403, "PERMISSION_DENIED", f"host {host!r} is not served here")
        given = self.headers.get("Authorization") or ""
        if not hmac.compare_digest(given.encode(), f"Bearer {self.server.token}".encode()):
            raise RefusedError(
                401, "UNAUTHENTICATED", "the run's token is missing or wrong; see MLFLOW_TRACKING_TOKEN"
            )

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LARGEST_BODY:
            self.close_connection = True
            raise RefusedError(413, "INVALID_PARAMETER_VALUE", f"a request of {length} bytes is too large")
        return self.rfile.read(length)

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """The script's requests are its own affair."""


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError as error:
        raise RefusedError(400, "BAD_REQUEST", f"the request's body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise RefusedError(400, "BAD_REQUEST", "the request's body is not a JSON object")
    return value
