"""MLflow's protocol over HTTP on loopback, for the run's script only."""

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

_LARGEST_BODY = 64 << 20
_LARGEST_DISCARDED = 1 << 30
_DISCARDING_S = 2.0
_TOO_LARGE = 413
_PIECE = 1 << 16
_LARGEST_HEAD = 64 << 10
_PATIENCE_S = 10.0
"""How long a connection may take to show the run's token."""
_MOST_STRANGERS = 128
"""How many connections there may be at a time that have not shown it."""
_LAST_ANSWERS_S = 60.0
"""How long requests may take that are under way when the script ends: a large model may just be registered."""
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
        self._server.wait_for_answers(_LAST_ANSWERS_S)
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
        self._under_way = 0
        self._changed = threading.Condition()
        self._strangers: dict[socket.socket, float] = {}

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a new connection in a thread, if there are not too many whose token nobody has seen yet."""
        with self._changed:
            is_welcome = len(self._strangers) < _MOST_STRANGERS
            if is_welcome:
                self._strangers[request] = time.monotonic()
        if is_welcome:
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def shutdown_request(self, request: Any) -> None:
        self.admit(request)
        super().shutdown_request(request)

    def admit(self, request: Any) -> None:
        """The connection has shown the token, or is gone."""
        with self._changed:
            self._strangers.pop(request, None)

    def service_actions(self) -> None:
        """End connections that take too long to show the token, however slowly they send."""
        with self._changed:
            late = [each for each, since in self._strangers.items() if time.monotonic() - since > _PATIENCE_S]
        for connection in late:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """A request is under way."""
        with self._changed:
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def wait_for_answers(self, timeout_s: float) -> None:
        """Block until no request is under way, or the time is up."""
        with self._changed:
            self._changed.wait_for(lambda: self._under_way == 0, timeout_s)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore broken connections."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"  # one connection for a script's many small requests
    disable_nagle_algorithm = True

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
            self.server.admit(self.connection)
            self.connection.settimeout(_IDLE_S)
            request = self._request()
        except RefusedError as refusal:
            self.close_connection = True  # its body was not read
            self._send(refusal.status, {"error_code": refusal.code, "message": str(refusal)})
            if refusal.status == _TOO_LARGE:
                self._discard()
            return
        except OSError:  # it sends no more of its body
            self.close_connection = True
            return
        with self.server.answering():
            self._send(*self.server.service.answer(request))

    def _check_caller(self) -> None:
        """Another user of this machine, or a page in a browser, must not write into the run."""
        host = (self.headers.get("Host") or "").partition(":")[0]
        if host not in ("127.0.0.1", "localhost"):
            raise RefusedError(403, "PERMISSION_DENIED", f"host {host!r} is not served here")
        given = self.headers.get("Authorization") or ""
        if not hmac.compare_digest(given.encode(), f"Bearer {self.server.token}".encode()):
            raise RefusedError(
                401,
                "UNAUTHENTICATED",
                "the run's token is missing or wrong; see MLFLOW_TRACKING_TOKEN, and whether a 'default' entry in"
                " ~/.netrc takes its place",
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
            raise ConnectionError("the request's body is cut off")
        return Request(self.command, parts.path, query, body)

    def _length(self) -> int:
        """The body's length. Raises RefusedError if it is missing or too large."""
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

    def _discard(self) -> None:
        """Read a body that is too large: else its client sees a broken connection and not the answer."""
        self.connection.settimeout(_DISCARDING_S)
        with suppress(OSError):
            for _ in range(_LARGEST_DISCARDED // _PIECE):
                if not self.rfile.read1(_PIECE):
                    return

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server refuses itself, in the form of all other answers."""
        self.close_connection = True
        self._send(code, {"error_code": "BAD_REQUEST", "message": message or explain or "not understood"})

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
    def _bounded_head(self) -> Iterator[None]:
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
        self._left = _LARGEST_HEAD

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
