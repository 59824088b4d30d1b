"""The HTTPS server: one thread per connection, which is kept alive between requests."""

import contextlib
import ssl
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import trustme

from tests.azureml_service.routing import Request, Response

Answer = Callable[[Request], Response | None]


def issue_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a TLS context for localhost, and the file of the authority that signed its certificate."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1", "::1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    trusted = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    return context, trusted


class Server(ThreadingHTTPServer):
    """The server. answer: returns a request's response, or None to close the connection without one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, context: ssl.SSLContext, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.context = context
        self.answer = answer

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Do the TLS handshake in the connection's thread: a slow client does not block others."""
        request.settimeout(60)
        with contextlib.suppress(OSError), self.context.wrap_socket(request, server_side=True) as connection:
            super().finish_request(connection, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing about broken connections: tests kill clients."""


class Exchange(BaseHTTPRequestHandler):
    """Handles the requests of one connection."""

    protocol_version = "HTTP/1.1"
    server: Server
    disable_nagle_algorithm = True
    wbufsize = -1

    def answer(self) -> None:
        response = self.server.answer(self._request())
        if response is None:
            self.close_connection = True
            return
        body, kind = response.content()
        self.send_response(response.status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            **response.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_MERGE = answer  # noqa: N815

    def _request(self) -> Request:
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = unquote(address.path).replace("//", "/")
        return Request(self.command, path, query, headers, self._body(headers))

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(headers.get("content-length", 0)))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers
            pass
        return b"".join(pieces)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Print nothing: the service records requests."""
