"""A file server on loopback, with configurable faults."""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FileServer:
    """The state of a file server. files: content by path.

    ranges: whether it supports Range. refuse: statuses of the next answers. drop_after: close the connection after
    this many bytes, `drops` times. pause_s: wait before every 64 kB.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    refuse: list[int] = field(default_factory=list)
    retry_after: str | None = None
    drop_after: int = 0
    drops: int = 0
    pause_s: float = 0
    address: str = ""
    requests: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def serve_files(files: dict[str, bytes], pause_s: float = 0) -> Iterator[FileServer]:
    state = FileServer(files=files, pause_s=pause_s)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _answer(self, state)

        def do_HEAD(self) -> None:
            data = state.files.get(self.path)
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None: ...

    server = Server(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def _answer(handler: BaseHTTPRequestHandler, state: FileServer) -> None:
    with state.lock:
        state.requests[handler.path] += 1
        refusal = state.refuse.pop(0) if state.refuse else None
    data = state.files.get(handler.path)
    if refusal or data is None:
        handler.send_response(refusal or 404)
        if state.retry_after and refusal:
            handler.send_header("Retry-After", state.retry_after)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    etag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
    is_current = handler.headers.get("If-Range", etag) == etag
    wanted = handler.headers.get("Range") if state.ranges and is_current else None
    first, last = 0, len(data)
    if wanted:
        start, _, end = wanted.removeprefix("bytes=").partition("-")
        first, last = int(start), min(int(end) + 1, len(data)) if end else len(data)
    handler.send_response(206 if wanted else 200)
    handler.send_header("ETag", etag)
    handler.send_header("Content-Length", str(last - first))
    if wanted:
        handler.send_header("Content-Range", f"bytes {first}-{last - 1}/{len(data)}")
    handler.end_headers()
    _send(handler, state, data[first:last])


def _send(handler: BaseHTTPRequestHandler, state: FileServer, data: bytes) -> None:
    with state.lock:
        drops = state.drops > 0 and len(data) > state.drop_after
        state.drops -= drops
    body = data[: state.drop_after] if drops else data
    for start in range(0, len(body), 1 << 16):
        time.sleep(state.pause_s)
        handler.wfile.write(body[start : start + (1 << 16)])
        with state.lock:
            state.sent += len(body[start : start + (1 << 16)])
    if drops:
        handler.wfile.flush()
        handler.connection.close()
        handler.close_connection = True
