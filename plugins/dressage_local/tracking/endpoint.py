"""MLflow's protocol over HTTP on loopback, for the run's own script and nobody else."""

import hmac
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Any
from urllib.parse import parse_qs, urlsplit

from dressage.records.journal import Journal
from dressage_local.tracking.errors import RefusedError, invalid
from dressage_local.tracking.service import Request, TrackingService
from dressage_local.tracking.state import RunIdentity, TrackingState

_LARGEST_BODY = 64 << 20
_LARGEST_HEAD = 64 << 10
_PATIENCE_S = 10.0
"""How long a connection may take to show the run's token."""
_IDLE_S = 300.0
"""How long one that has shown it may be silent."""


class TrackingEndpoint:
    """Serves on a socket that is listening already, in threads of its own."""

    def __init__(self, listener: socket.socket, *, journal: Journal, run: RunIdentity, token: str) -> None:
        self._service = TrackingService(TrackingState(journal, run))
        self._server = _Server(listener, self._service, token)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Take no more requests; those under way are finished first."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._service.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listener: socket.socket, service: TrackingService, token: str) -> None:
        super().__init__(listener.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_port = listener.getsockname()[1]
        self.service = service
        self.token = token

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is its client's affair."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"  # one connection for a script's many small requests
    disable_nagle_algorithm = True
    timeout = _PATIENCE_S

    def handle_one_request(self) -> None:
        """As http.server has it, with all headers together bounded: nobody has shown a token yet."""
        with self._bounded_head():
            super().handle_one_request()

    def do_GET(self) -> None:
        self._respond()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_GET  # noqa: N815  # the names that http.server looks for

    def _respond(self) -> None:
        try:
            self._check_caller()
            self.connection.settimeout(_IDLE_S)
            status, answer = self.server.service.answer(self._request())
        except RefusedError as refusal:
            self.close_connection = True  # its body was not read
            status, answer = refusal.status, {"error_code": refusal.code, "message": str(refusal)}
        except OSError as error:  # the journal could not be written: the client must not think that it was
            message = f"the run's journal cannot be written: {error.strerror}; make room"
            status, answer = 507, {"error_code": "INTERNAL_ERROR", "message": message}
        except Exception as error:  # a fault of ours; 501 is not asked for again and again, as 500 would be
            message = f"{type(error).__name__}: {error}"
            status, answer = 501, {"error_code": "INTERNAL_ERROR", "message": message}
        self._send(status, answer)

    def _check_caller(self) -> None:
        """Another user of this machine, or a page in a browser, must not write into the run."""
        host = (self.headers.get("Host") or "").partition(":")[0]
        if host not in ("127.0.0.1", "localhost"):
            raise RefusedError(403, "PERMISSION_DENIED", f"host {host!r} is not served here")
        given = self.headers.get("Authorization") or ""
        if not hmac.compare_digest(given.encode(), f"Bearer {self.server.token}".encode()):
            raise RefusedError(
                401, "UNAUTHENTICATED", "the run's token is missing or wrong; see MLFLOW_TRACKING_TOKEN"
            )

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        return Request(self.command, parts.path, query, self.rfile.read(self._length()))

    def _length(self) -> int:
        """How long the request's body is. Raises RefusedError for one whose length is not said or too large."""
        given = self.headers.get("Content-Length") or "0"
        if self.headers.get("Transfer-Encoding"):
            raise RefusedError(411, "INVALID_PARAMETER_VALUE", "a request must say its Content-Length")
        if not (given.isascii() and given.isdecimal()):
            raise invalid(f"Content-Length {given[:40]!r} is not a number of bytes")
        if len(given) > 18 or int(given) > _LARGEST_BODY:
            raise RefusedError(
                413,
                "INVALID_PARAMETER_VALUE",
                f"a request of {given[:40]} bytes is too large: {_LARGEST_BODY} at most",
            )
        return int(given)

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    @contextmanager
    def _bounded_head(self) -> Iterator[None]:
        whole = self.rfile
        self.rfile = _Head(whole)  # type: ignore[assignment]
        try:
            yield
        finally:
            self.rfile = whole

    def log_message(self, *_: object) -> None:
        """The script's requests are its own affair."""


class _Head:
    """A connection's bytes, the first of which are a request's head: bounded as a whole, not line by line."""

    def __init__(self, whole: BufferedIOBase) -> None:
        self._whole = whole
        self._left = _LARGEST_HEAD

    def readline(self, limit: int = -1) -> bytes:
        line = self._whole.readline(min(limit, self._left) if limit >= 0 else self._left)
        self._left -= len(line)
        if self._left <= 0:
            raise ConnectionError("a request's head is too large")
        return line

    def read(self, count: int) -> bytes:
        return self._whole.read(count)
