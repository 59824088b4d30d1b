"""Download one file over HTTP: several ranges in parallel if the server supports them, and resumable."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from dressage.storage.download.partial import Partial, Range

_PIECE_BYTES = 8 << 20
_ATTEMPTS = 4
_LONGEST_WAIT_S = 30.0
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})


class RefusedError(Exception):
    """The server does not provide the file: try another address."""


class TransientError(Exception):
    """An error after which a retry may succeed. wait_s: how long the server asks clients to wait."""

    def __init__(self, reason: str, wait_s: float = 0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class ChangedError(Exception):
    """The file at the address has changed since the download began."""


class StoppedError(Exception):
    """The caller has stopped the download."""


class Head(NamedTuple):
    """What a server reports about a file. length: None if unknown. ranges: whether it serves ranges of the file."""

    length: int | None
    validator: str | None
    ranges: bool


class Transfer:
    """Downloads addresses into partial files. count: called with the number of bytes that arrived."""

    def __init__(self, connections: int, count: Callable[[int], None], stop: threading.Event) -> None:
        self._connections = connections
        self._count = count
        self._stop = stop
        limits = httpx.Limits(max_connections=connections * 2)
        timeout = httpx.Timeout(30, connect=10, pool=None)
        self._client = httpx.Client(
            follow_redirects=True, timeout=timeout, limits=limits, verify=_find_certificates()
        )
        self._client.headers["Accept-Encoding"] = "identity"  # ranges refer to the uncompressed bytes

    def close(self) -> None:
        self._client.close()

    def fetch(self, address: str, partial: Partial) -> None:
        """Download the whole file into `partial`. Raises RefusedError or TransientError; the partial file is kept."""
        for attempt in (1, 2):
            try:
                return self._fetch(address, partial)
            except ChangedError:
                if attempt == 2:
                    raise RefusedError("the file changed during the download") from None
                partial.discard()
        return None

    def _fetch(self, address: str, partial: Partial) -> None:
        head: Head = self._retrying()(self._head, address)
        partial.begin(address, head.validator, head.length if head.ranges else None)
        self._count(partial.done)
        try:
            if head.ranges and head.length is not None:
                self._pieces(address, head, partial)
            else:
                self._retrying()(self._whole, address, partial)
        finally:
            partial.pause()

    def _pieces(self, address: str, head: Head, partial: Partial) -> None:
        missing = partial.missing(_PIECE_BYTES)
        if len(missing) < 2:
            for piece in missing:
                self._piece(address, head, partial, piece)
            return
        with ThreadPoolExecutor(min(self._connections, len(missing))) as pool:
            fetched = [pool.submit(self._piece, address, head, partial, piece) for piece in missing]
            try:
                for future in fetched:
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _piece(self, address: str, head: Head, partial: Partial, piece: Range) -> None:
        position, last = piece

        def fetch_rest() -> None:
            nonlocal position
            headers = {"Range": f"bytes={position}-{last - 1}"}
            if head.validator:
                headers["If-Range"] = head.validator
            with self._response(address, headers) as response:
                if response.status_code != 206:
                    raise ChangedError
                for data in response.iter_raw():
                    partial.write(position, data[: last - position])
                    position += len(data)
                    self._count(len(data))
                    self._check_stop()
            if position < last:
                raise TransientError("the connection was closed early")

        self._retrying()(fetch_rest)

    def _whole(self, address: str, partial: Partial) -> None:
        """Download the whole file in one request: the server does not serve ranges."""
        partial.begin(address, None, None)
        position = 0
        with self._response(address, {}) as response:
            for data in response.iter_raw():
                partial.write(position, data)
                position += len(data)
                self._count(len(data))
                self._check_stop()
            expected = response.headers.get("Content-Length")
        if expected is not None and position != int(expected):
            self._count(-position)
            raise TransientError("the connection was closed early")

    def _head(self, address: str) -> Head:
        with self._response(address, {"Range": "bytes=0-0"}) as response:
            headers = response.headers
            etag = headers.get("ETag")
            validator = etag if etag and not etag.startswith("W/") else headers.get("Last-Modified")
            total = headers.get("Content-Range", "").rpartition("/")[2]
            if response.status_code == 206 and total.isdigit():
                return Head(int(total), validator, ranges=True)
            return Head(None, validator, ranges=False)

    @contextmanager
    def _response(self, address: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        try:
            with self._client.stream("GET", address, headers=headers) as response:
                _check(response)
                yield response
        except httpx.TransportError as error:
            raise TransientError(str(error) or type(error).__name__) from error
        except (httpx.InvalidURL, httpx.TooManyRedirects) as error:
            raise RefusedError(str(error)) from error

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise StoppedError

    def _retrying(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=_pause,
            sleep=self._sleep,
            reraise=True,
        )

    def _sleep(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise StoppedError


def _pause(state: RetryCallState) -> float:
    """Return how long to wait: longer each time, with jitter; or as long as the server asks, up to a limit."""
    error: Any = state.outcome.exception() if state.outcome else None
    usual = wait_exponential_jitter(multiplier=0.2, max=5, jitter=0.3)(state)
    return min(max(usual, getattr(error, "wait_s", 0)), _LONGEST_WAIT_S)


def _check(response: httpx.Response) -> None:
    status = response.status_code
    if status in _TRANSIENT:
        after = response.headers.get("Retry-After", "")
        raise TransientError(f"HTTP {status}", float(after) if after.isdigit() else 0)
    if status == 416:
        raise ChangedError
    if not response.is_success:
        raise RefusedError(f"HTTP {status}")


def _find_certificates() -> Any:
    """Return httpx's `verify`: the certificates that SSL_CERT_FILE or REQUESTS_CA_BUNDLE names, else the default."""
    bundle = os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE")
    if not bundle:
        return True
    import ssl

    return ssl.create_default_context(cafile=bundle)
