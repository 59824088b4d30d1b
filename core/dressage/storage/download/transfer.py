"""One file over HTTP: in several ranges at once where the server can, and on from where it stopped."""

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
    """The server will not give it: try another one."""


class PassingError(Exception):
    """A fault that may pass. wait_s: how long the server asks us to wait."""

    def __init__(self, reason: str, wait_s: float = 0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class ChangedError(Exception):
    """What the address gives is no longer what it gave."""


class StoppedError(Exception):
    """Whoever wanted the file does not want it any more."""


class Head(NamedTuple):
    """What a server says of a file. length: None if it will not say; ranges: whether it gives parts of it."""

    length: int | None
    validator: str | None
    ranges: bool


class Transfer:
    """Fetches addresses into partial files. moved: called with the number of bytes that came."""

    def __init__(self, connections: int, moved: Callable[[int], None], stop: threading.Event) -> None:
        self._connections = connections
        self._moved = moved
        self._stop = stop
        limits = httpx.Limits(max_connections=connections * 2)
        timeout = httpx.Timeout(30, connect=10, pool=None)
        self._client = httpx.Client(follow_redirects=True, timeout=timeout, limits=limits, verify=_trusted())
        self._client.headers["Accept-Encoding"] = "identity"  # ranges count the bytes as they are stored

    def close(self) -> None:
        self._client.close()

    def fetch(self, address: str, partial: Partial) -> None:
        """Bring the whole file into `partial`. Raises RefusedError or PassingError, with what was fetched kept."""
        for attempt in (1, 2):
            try:
                return self._fetch(address, partial)
            except ChangedError:
                if attempt == 2:
                    raise RefusedError("it changed while it was fetched") from None
                partial.discard()
        return None

    def _fetch(self, address: str, partial: Partial) -> None:
        head: Head = self._retrying()(self._head, address)
        partial.begin(address, head.validator, head.length if head.ranges else None)
        self._moved(partial.done)
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

        def go_on() -> None:
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
                    self._moved(len(data))
                    self._check_stop()
            if position < last:
                raise PassingError("the connection was closed early")

        self._retrying()(go_on)

    def _whole(self, address: str, partial: Partial) -> None:
        """A server that gives no ranges: from the start, in one go."""
        partial.begin(address, None, None)
        position = 0
        with self._response(address, {}) as response:
            for data in response.iter_raw():
                partial.write(position, data)
                position += len(data)
                self._moved(len(data))
                self._check_stop()
            expected = response.headers.get("Content-Length")
        if expected is not None and position != int(expected):
            self._moved(-position)
            raise PassingError("the connection was closed early")

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
            raise PassingError(_said(error)) from error
        except (httpx.InvalidURL, httpx.TooManyRedirects) as error:
            raise RefusedError(str(error)) from error

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise StoppedError

    def _retrying(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(PassingError),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=_pause,
            sleep=self._sleep,
            reraise=True,
        )

    def _sleep(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise StoppedError


def _pause(state: RetryCallState) -> float:
    """Longer each time, with jitter; or as long as the server asks, within reason."""
    error: Any = state.outcome.exception() if state.outcome else None
    usual = wait_exponential_jitter(multiplier=0.2, max=5, jitter=0.3)(state)
    return min(max(usual, getattr(error, "wait_s", 0)), _LONGEST_WAIT_S)


def _check(response: httpx.Response) -> None:
    status = response.status_code
    if status in _TRANSIENT:
        after = response.headers.get("Retry-After", "")
        raise PassingError(f"HTTP {status}", float(after) if after.isdigit() else 0)
    if status == 416:
        raise ChangedError
    if not response.is_success:
        raise RefusedError(f"HTTP {status}")


def _said(error: httpx.TransportError) -> str:
    return str(error) or type(error).__name__


def _trusted() -> Any:
    """The certificates to trust: those that requests users name count here too."""
    bundle = os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE")
    if not bundle:
        return True
    import ssl

    return ssl.create_default_context(cafile=bundle)
