"""A file server on loopback that lies: each answer may have a fault, which is named in `FAULTS`.

`HONEST` is the answer of a server without faults: with a strong ETag, ranges and If-Range.
"""

import gzip
import hashlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HONEST = "honest"
Headers = Mapping[str, str]


@dataclass
class FaultServer:
    """files: content by path. faults: of the next answers, by name. always: the fault of all further answers.

    headers: replace those of an honest answer; None leaves one out. redirects: where a path leads, and the status.
    asked: path and Range of each request.
    """

    files: dict[str, bytes]
    faults: list[str] = field(default_factory=list)
    always: str = HONEST
    headers: dict[str, str | None] = field(default_factory=dict)
    redirects: dict[str, tuple[int, str]] = field(default_factory=dict)
    address: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take_fault(self) -> str:
        with self.lock:
            return self.faults.pop(0) if self.faults else self.always


class Exchange:
    """One request, and how to answer it. first, last: the requested range; the whole file if none was requested."""

    def __init__(self, handler: BaseHTTPRequestHandler, server: FaultServer, data: bytes) -> None:
        self._handler = handler
        self.server = server
        self.data = data
        self.range = handler.headers.get("Range")
        self.first, self.last = 0, len(data)
        if self.range:
            start, _, end = self.range.removeprefix("bytes=").partition("-")
            self.first, self.last = int(start), min(int(end) + 1, len(data))

    @property
    def is_current(self) -> bool:
        """Whether the file is still the one that the client names in If-Range."""
        known = self.server.headers.get("ETag", etag_of(self.data)), self.server.headers.get("Last-Modified")
        return self._handler.headers.get("If-Range") in (None, *known)

    def content_range(self, first: int, last: int, total: int | str | None = None) -> Headers:
        return {"Content-Range": f"bytes {first}-{last - 1}/{len(self.data) if total is None else total}"}

    def send(self, status: int, body: bytes, headers: Headers, *, length: int | None = None) -> None:
        """Answer, and close the connection if the length is not that of the body."""
        sent = {"ETag": etag_of(self.data), "Content-Length": str(len(body) if length is None else length)}
        handler = self._handler
        handler.send_response(status)
        for name, value in {**sent, **self.server.headers, **headers}.items():
            if value is not None:
                handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
        if length not in (None, len(body)):
            self.close()

    def send_chunks(
        self, status: int, chunks: list[bytes], headers: Headers, *, is_whole: bool = True
    ) -> None:
        """Answer with a chunked body; without its end if it is not whole."""
        handler = self._handler
        handler.send_response(status)
        handler.send_header("ETag", etag_of(self.data))
        for name, value in {**headers, "Transfer-Encoding": "chunked"}.items():
            handler.send_header(name, value)
        handler.end_headers()
        for chunk in chunks:
            handler.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        if is_whole:
            handler.wfile.write(b"0\r\n\r\n")
        else:
            self.close()

    def send_until_closed(self, body: bytes) -> None:
        """Answer as old servers do: the body ends with the connection."""
        self._handler.send_response(200)
        self._handler.end_headers()
        self._handler.wfile.write(body)
        self.close()

    def drip(self, pause_s: float) -> None:
        """Send a byte now and then, for ever."""
        self._handler.send_response(200)
        self._handler.send_header("Content-Length", "1000000000")
        self._handler.end_headers()
        while True:
            self._handler.wfile.write(b"x")
            time.sleep(pause_s)

    def close(self) -> None:
        self._handler.wfile.flush()
        self._handler.close_connection = True


def etag_of(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()[:16]}"'


def other(data: bytes) -> bytes:
    """Return another file of the same length."""
    return bytes(byte ^ 0xFF for byte in data)


def _honest(exchange: Exchange) -> None:
    if exchange.range and exchange.is_current and exchange.first >= len(exchange.data):
        exchange.send(416, b"", {"Content-Range": f"bytes */{len(exchange.data)}"})
    elif exchange.range and exchange.is_current:
        first, last = exchange.first, exchange.last
        exchange.send(206, exchange.data[first:last], exchange.content_range(first, last))
    else:
        exchange.send(200, exchange.data, {})


def _status(status: int) -> Callable[[Exchange], None]:
    return lambda exchange: exchange.send(status, b"" if status in (204, 304) else other(exchange.data), {})


def _other_range(exchange: Exchange) -> None:
    first, last = exchange.first + 1, exchange.last + 1
    exchange.send(
        206, exchange.data[first:last].ljust(last - first, b"x"), exchange.content_range(first, last)
    )


def _wrong_range(exchange: Exchange, headers: Headers) -> None:
    exchange.send(206, exchange.data[exchange.first : exchange.last], headers)


def _wrong_length(exchange: Exchange, factor: float) -> None:
    first, last = exchange.first, exchange.last
    body = exchange.data[first:last]
    is_part = exchange.range is not None
    headers = exchange.content_range(first, last) if is_part else {}
    exchange.send(206 if is_part else 200, body, headers, length=int(len(body) * factor) + 1)


def _chunked(exchange: Exchange, body: bytes, *, is_whole: bool) -> None:
    is_part = exchange.range is not None
    headers = exchange.content_range(exchange.first, exchange.last) if is_part else {}
    half = len(body) // 2
    chunks = [chunk for chunk in (body[:half], body[half:]) if chunk]
    exchange.send_chunks(
        206 if is_part else 200, chunks if is_whole else chunks[:1], headers, is_whole=is_whole
    )


def _compressed(exchange: Exchange) -> None:
    exchange.send(200, gzip.compress(exchange.data), {"Content-Encoding": "gzip"})


def _compressed_range(exchange: Exchange) -> None:
    body = exchange.data[exchange.first : exchange.last]
    range_ = exchange.content_range(exchange.first, exchange.last)
    exchange.send(206 if exchange.range else 200, body, {"Content-Encoding": "gzip", **range_})


def _changed(exchange: Exchange, headers: Headers | None = None) -> None:
    """Answer from another file, and do not look at If-Range."""
    data = other(exchange.data)
    headers = {"ETag": etag_of(data)} if headers is None else headers
    first, last = exchange.first, exchange.last
    if exchange.range:
        exchange.send(206, data[first:last], {**headers, **exchange.content_range(first, last)})
    else:
        exchange.send(200, data, headers)


def _close_after(exchange: Exchange, count: int) -> None:
    """Send the first bytes of an honest answer, and close the connection."""
    body = exchange.data[exchange.first : exchange.last]
    is_part = exchange.range is not None
    headers = exchange.content_range(exchange.first, exchange.last) if is_part else {}
    exchange.send(206 if is_part else 200, body[:count], headers, length=len(body))


FAULTS: dict[str, Callable[[Exchange], None]] = {
    HONEST: _honest,
    **{f"status {code}": _status(code) for code in (203, 204, 205, 300, 302, 304, 401, 404, 416, 500, 503)},
    "another range": _other_range,
    "206 without Content-Range": lambda exchange: _wrong_range(exchange, {}),
    "malformed Content-Range": lambda exchange: _wrong_range(exchange, {"Content-Range": "bytes 0/0"}),
    "wrong total": lambda exchange: _wrong_range(
        exchange, exchange.content_range(exchange.first, exchange.last, len(exchange.data) + 7)
    ),
    "huge total": lambda exchange: _wrong_range(
        exchange, exchange.content_range(exchange.first, exchange.last, 10**17)
    ),
    "206 for all": lambda exchange: exchange.send(206, exchange.data, {}),
    "range ignored": lambda exchange: exchange.send(200, exchange.data, {}),
    "Content-Length too long": lambda exchange: _wrong_length(exchange, 2),
    "Content-Length too short": lambda exchange: _wrong_length(exchange, 0.5),
    "chunked": lambda exchange: _chunked(
        exchange, exchange.data[exchange.first : exchange.last], is_whole=True
    ),
    "chunked, cut off": lambda exchange: _chunked(exchange, exchange.data, is_whole=False),
    "chunked, too long": lambda exchange: _chunked(exchange, exchange.data + b"more", is_whole=True),
    "compressed": _compressed,
    "said to be compressed": _compressed_range,
    "changed": _changed,
    "changed, same weak ETag": lambda exchange: _changed(exchange, {"ETag": 'W/"1"'}),
    "closed after 10 bytes": lambda exchange: _close_after(exchange, 10),
    "closed after 100 kB": lambda exchange: _close_after(exchange, 100_000),
    "closed at once": lambda exchange: exchange.close(),
    "web page": lambda exchange: exchange.send(
        200, b"<html>Please log in</html>", {"Content-Type": "text/html; charset=utf-8"}
    ),
    "one byte at a time": lambda exchange: exchange.drip(0.05),
    "no length": lambda exchange: exchange.send_until_closed(exchange.data),
    "no length, cut off": lambda exchange: exchange.send_until_closed(exchange.data[:10]),
}


@contextmanager
def serve_faults(
    files: dict[str, bytes], *, certificates: ssl.SSLContext | None = None
) -> Iterator[FaultServer]:
    """Serve files over HTTP on loopback; over HTTPS with certificates."""
    state = FaultServer(files=files)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            state.asked.append((self.path, self.headers.get("Range")))
            if self.path in state.redirects:
                status, target = state.redirects[self.path]
                self.send_response(status)
                self.send_header("Location", target)
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif self.path not in state.files:
                self.send_error(404)
            else:
                FAULTS[state.take_fault()](Exchange(self, state, state.files[self.path]))

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None: ...

    server = Server(("127.0.0.1", 0), Handler)
    if certificates:
        server.socket = certificates.wrap_socket(server.socket, server_side=True)
    state.address = f"http{'s' if certificates else ''}://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
