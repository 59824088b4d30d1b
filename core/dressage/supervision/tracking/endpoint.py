"""The HTTP server of MLflow's protocol: on loopback, and only for the run's script."""

import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Any
from urllib.parse import parse_qs, urlsplit

from dressage.records.journal import Journal
from dressage.supervision.tracking.errors import RefusedError, invalid
from dressage.supervision.tracking.service import Request, TrackingService
from dressage.supervision.tracking.state import RunIdentity, TrackingState

_MAX_BODY_BYTES = 64 << 20
_MAX_DISCARDED_BYTES = 1 << 30
_DISCARD_TIMEOUT_S = 2.0
_TOO_LARGE = 413
_PIECE_BYTES = 1 << 16
_MAX_HEAD_BYTES = 64 << 10
_TOKEN_TIMEOUT_S = 10.0
"""How long a connection may take to send the run's token."""
_MAX_UNAUTHENTICATED = 128
"""How many connections may be open at a time that have not sent it."""
_LAST_REQUESTS_S = 60.0
"""How long requests may continue after the script has ended: it may be registering a large model."""
_IDLE_TIMEOUT_S = 300.0
"""How long a connection that has sent the token may be idle."""


class TrackingEndpoint:
    """Serves on a socket that is already listening, in separate threads."""

    def __init__(self, listener: socket.socket, *, journal: Journal, run: RunIdentity, token: str) -> None:
        self._service = TrackingService(TrackingState(journal, run))
        self._server = _Server(listener, self._service, token)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        """Start to answer requests."""
        self._thread.start()

    def close(self) -> None:
        """Stop accepting requests, and finish those in progress."""
        self._server.shutdown()
        self._thread.join()
        self._server.wait_for_answers(_LAST_REQUESTS_S)
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
        self._in_progress = 0
        self._changed = threading.Condition()
        self._unauthenticated: dict[socket.socket, float] = {}

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a new connection in a thread. If too many have not sent the token yet, the oldest of them is closed.

        The script sends the token at once. So another user who holds connections open does not keep it out.
        """
        oldest = None
        with self._changed:
            if len(self._unauthenticated) >= _MAX_UNAUTHENTICATED:
                oldest = next(iter(self._unauthenticated))
                del self._unauthenticated[oldest]
            self._unauthenticated[request] = time.monotonic()
        if oldest is not None:
            with suppress(OSError):
                oldest.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.admit(request)
        super().shutdown_request(request)

    def admit(self, request: Any) -> None:
        """Stop to count the connection as unauthenticated: it has sent the token, or is closed."""
        with self._changed:
            self._unauthenticated.pop(request, None)

    def service_actions(self) -> None:
        """Close connections that take too long to send the token, even if they still send something."""
        with self._changed:
            late = [
                each
                for each, since in self._unauthenticated.items()
                if time.monotonic() - since > _TOKEN_TIMEOUT_S
            ]
        for connection in late:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Count a request as in progress during the block."""
        with self._changed:
            self._in_progress += 1
        try:
            yield
        finally:
            with self._changed:
                self._in_progress -= 1
                self._changed.notify_all()

    def wait_for_answers(self, timeout_s: float) -> None:
        """Block until no request is in progress, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._in_progress == 0, timeout_s)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore broken connections."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"  # one connection for a script's many small requests
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        """Limit the total size of the headers, because they arrive before the token is checked."""
        with self._limit_head():
            super().handle_one_request()

    def do_GET(self) -> None:
        self._respond()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_GET  # noqa: N815  # the names that http.server looks for

    def _respond(self) -> None:
        try:
            self._check_caller()
            self.server.admit(self.connection)
            self.connection.settimeout(_IDLE_TIMEOUT_S)
            request = self._request()
        except RefusedError as refusal:
            self.close_connection = True  # its body was not read
            self._send(refusal.status, {"error_code": refusal.code, "message": str(refusal)})
            if refusal.status == _TOO_LARGE:
                self._discard()
            return
        except OSError:  # the client stopped sending the body
            self.close_connection = True
            return
        with self.server.answering():
            self._send(*self.server.service.answer(request))

    def _check_caller(self) -> None:
        """Refuse other users of this machine, and pages in a browser: they must not write to the run."""
        host = (self.headers.get("Host") or "").partition(":")[0]
        if host not in ("127.0.0.1", "localhost"):
            raise RefusedError(403, "PERMISSION_DENIED", f"host {host!r} is not allowed")
        given = self.headers.get("Authorization") or ""
        if not hmac.compare_digest(given.encode(), f"Bearer {self.server.token}".encode()):
            raise RefusedError(
                401,
                "UNAUTHENTICATED",
                "the run's token is missing or wrong; check MLFLOW_TRACKING_TOKEN, and whether a 'default' entry in"
                " ~/.netrc replaces it",
            )

    def _request(self) -> Request:
        try:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query, keep_blank_values=True, max_num_fields=10_000)
        except ValueError as error:
            raise invalid(f"Invalid address {self.path[:100]!r}: {error}") from error
        length = self._length()
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionError("the request's body is incomplete")
        return Request(self.command, parts.path, query, body)

    def _length(self) -> int:
        """Return the body's length. Raises RefusedError if it is missing or too large."""
        given = self.headers.get("Content-Length") or "0"
        if self.headers.get("Transfer-Encoding"):
            raise RefusedError(411, "INVALID_PARAMETER_VALUE", "a request must have a Content-Length")
        if not (given.isascii() and given.isdecimal()):
            raise invalid(f"Content-Length {given[:40]!r} is not a number of bytes")
        if len(given) > 18 or int(given) > _MAX_BODY_BYTES:
            raise RefusedError(
                413,
                "INVALID_PARAMETER_VALUE",
                f"a request of {given[:40]} bytes is too large; the limit is {_MAX_BODY_BYTES}",
            )
        return int(given)

    def _discard(self) -> None:
        """Read and ignore a body that is too large; otherwise the client gets a broken connection, not the answer."""
        self.connection.settimeout(_DISCARD_TIMEOUT_S)
        with suppress(OSError):
            for _ in range(_MAX_DISCARDED_BYTES // _PIECE_BYTES):
                if not self.rfile.read1(_PIECE_BYTES):
                    return

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send the errors that http.server detects in the format of all other answers."""
        self.close_connection = True
        self._send(code, {"error_code": "BAD_REQUEST", "message": message or explain or "bad request"})

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if getattr(self, "command", None) != "HEAD":
            self.wfile.write(body)

    @contextmanager
    def _limit_head(self) -> Iterator[None]:
        whole = self.rfile
        self.rfile = _Head(whole)  # type: ignore[assignment]
        try:
            yield
        finally:
            self.rfile = whole

    def log_message(self, *_: object) -> None:
        """Do not log requests."""


class _Head:
    """Limits the total size of a request's head."""

    def __init__(self, whole: BufferedIOBase) -> None:
        self._whole = whole
        self._left = _MAX_HEAD_BYTES

    def readline(self, limit: int = -1) -> bytes:
        line = self._whole.readline(min(limit, self._left) if limit >= 0 else self._left)
        self._left -= len(line)
        if self._left <= 0:
            raise ConnectionError("a request's head is too large")
        return line

    def read(self, count: int) -> bytes:
        return self._whole.read(count)

    def read1(self, count: int) -> bytes:
        return self._whole.read1(count)
