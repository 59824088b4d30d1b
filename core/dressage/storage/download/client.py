"""Open addresses: pooled connections, proxies and certificates of the environment, and safe redirects."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from dressage.storage.download.failures import RefusedError, TransientError

_CONNECT_S = 10.0
_MOST_REDIRECTS = 20


class Client:
    """Sends requests. connections: how many are used at the same time for one file."""

    def __init__(self, connections: int) -> None:
        limits = httpx.Limits(max_connections=connections * 2)
        self._client = httpx.Client(limits=limits, verify=_find_certificates())
        self._client.headers["Accept-Encoding"] = "identity"  # ranges refer to the uncompressed bytes

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def open(self, address: str, headers: Mapping[str, str], timeout_s: float) -> Iterator[httpx.Response]:
        """Open an address; its body is not read yet. Redirects are followed, but never from https to http.

        timeout_s: how long the connection may be silent. Raises RefusedError, TransientError, also in the block.
        """
        timeout = httpx.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_S), pool=None)
        try:
            response = self._follow(
                self._client.build_request("GET", address, headers=headers, timeout=timeout)
            )
            try:
                yield response
            finally:
                response.close()
        except httpx.TransportError as error:
            raise TransientError(str(error) or type(error).__name__) from error
        except (httpx.InvalidURL, UnicodeError) as error:  # a name that cannot be looked up
            raise RefusedError(str(error)) from error

    def _follow(self, request: httpx.Request) -> httpx.Response:
        for _ in range(_MOST_REDIRECTS):
            response = self._client.send(request, stream=True)
            following = response.next_request
            if following is None:
                return response
            response.close()
            _check_redirect(request.url, following.url)
            request = following
        raise RefusedError(f"redirected more than {_MOST_REDIRECTS} times")


def _check_redirect(url: httpx.URL, target: httpx.URL) -> None:
    """Raise RefusedError unless the redirect leads to a web address that is as secure."""
    where = f"{target.scheme}://{target.host}"  # without a password
    if target.scheme not in ("http", "https"):
        raise RefusedError(f"redirected to {where!r}, which is not a web address")
    if url.scheme == "https" and target.scheme == "http":
        raise RefusedError(f"redirected from https to {where!r}, where anyone could change the bytes")


def _find_certificates() -> Any:
    """Return httpx's `verify`: the certificates that SSL_CERT_FILE or REQUESTS_CA_BUNDLE names, else the default."""
    bundle = os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE")
    if not bundle:
        return True
    import ssl

    return ssl.create_default_context(cafile=bundle)
