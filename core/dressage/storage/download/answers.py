"""Check what a server answers: bytes are kept only if the answer says which bytes of which file they are."""

import re
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from typing import NamedTuple

import httpx

from dressage.specs.datasets import Source
from dressage.storage.download.failures import ChangedError, RefusedError, TransientError

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")
_PAGES = frozenset({"", ".html", ".htm", ".xhtml", ".php", ".asp", ".aspx", ".jsp"})
"""The suffixes of addresses where a web page is no surprise."""


class Head(NamedTuple):
    """What a server reports about a file.

    length: None if it does not serve ranges of the file. validator: for If-Range; None if it has no strong one.
    version: the headers that differ if the file differs.
    """

    length: int | None = None
    validator: str | None = None
    version: tuple[str | None, str | None] = (None, None)


class Part(NamedTuple):
    """A range of a file: its first byte, the byte after its last, and the file's length (None if unknown)."""

    first: int
    end: int
    length: int | None


def check_status(response: httpx.Response) -> None:
    """Raise unless the answer has the bytes of a file, all (200) or some (206).

    Raises ChangedError if the file has no such range; it may be empty.
    """
    status = response.status_code
    if status == 416 and "Range" in response.request.headers:
        raise ChangedError
    if status in _TRANSIENT:
        after = response.headers.get("Retry-After", "")
        raise TransientError(f"HTTP {status}", float(after) if after.isdecimal() else 0)
    if status not in (200, 206):
        raise RefusedError(f"HTTP {status}{' without a Location' if 300 <= status < 400 else ''}")


def check_content(response: httpx.Response, address: str, source: Source) -> None:
    """Raise RefusedError if the bytes are probably not those of the file, and no digest would tell."""
    encoding = (response.headers.get("Content-Encoding") or "identity").lower()
    if encoding != "identity" and source.sha256 is None:
        raise RefusedError(
            f"the server sends the file with Content-Encoding {encoding!r}, which was not requested;"
            " declare the file's sha256"
        )
    is_surprise = PurePosixPath(httpx.URL(address).path).suffix.lower() not in _PAGES
    if is_page(response) and is_surprise and source.sha256 is None and source.size is None:
        raise RefusedError(
            "the server sent a web page (text/html), such as a login; if it is the file, declare its sha256"
        )


def is_page(response: httpx.Response) -> bool:
    """Return whether the answer is a web page."""
    return str(response.headers.get("Content-Type", "")).lower().startswith("text/html")


def check_size(source: Source, length: int | None) -> None:
    """Raise RefusedError if a file of this length cannot be the source."""
    if source.size is not None and length not in (None, source.size):
        raise RefusedError(f"the server's file has {length} bytes, expected {source.size}")


def check_growth(source: Source, received: int) -> None:
    """Raise RefusedError if more bytes have arrived than the source has."""
    if source.size is not None and received > source.size:
        raise RefusedError(f"the server's file has more than the expected {source.size} bytes")


def read_head(response: httpx.Response) -> Head:
    """Return what the answer to a request for the first byte says about the file."""
    part = _read_part(response)
    if response.status_code != 206 or part is None or part.length is None or part[:2] != (0, 1):
        return Head()
    return Head(part.length, _strong_validator(response), _version(response))


def check_part(response: httpx.Response, head: Head, position: int, last: int) -> int:
    """Return the end of the range in the answer, which begins at `position`.

    Raises ChangedError if it is another range than requested, or a range of another file.
    """
    part = _read_part(response)
    if response.status_code != 206 or part is None:
        raise ChangedError
    if part.first != position or part.end > last or part.length not in (None, head.length):
        raise ChangedError
    if _version(response) != head.version or announced_length(response) not in (None, part.end - position):
        raise ChangedError
    return part.end


def announced_length(response: httpx.Response) -> int | None:
    """Return the length of the body that the answer announces; None if it announces none."""
    if "Transfer-Encoding" in response.headers:  # which takes precedence
        return None
    length = response.headers.get("Content-Length")
    return int(length) if length is not None else None


def check_whole(response: httpx.Response, source: Source) -> None:
    """Raise RefusedError unless the answer has the whole file, and a body that is cut off would be noticed."""
    if response.status_code != 200:
        raise RefusedError(f"HTTP {response.status_code}, although no range was requested")
    length = announced_length(response)
    has_end = length is not None or "Transfer-Encoding" in response.headers
    if not has_end and source.sha256 is None and source.size is None:
        raise RefusedError("the server does not say how long the file is; declare its sha256")
    check_size(source, length)


def _read_part(response: httpx.Response) -> Part | None:
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if not found:
        return None
    first, last, length = found.groups()
    part = Part(int(first), int(last) + 1, None if length == "*" else int(length))
    return part if part.first < part.end and (part.length is None or part.end <= part.length) else None


def _version(response: httpx.Response) -> tuple[str | None, str | None]:
    return response.headers.get("ETag"), response.headers.get("Last-Modified")


def _strong_validator(response: httpx.Response) -> str | None:
    """Return the ETag, or the date of the last change; None if different bytes may have the same one."""
    etag, modified = _version(response)
    if etag and etag.startswith('"'):
        return etag
    try:  # two changes in one second have the same date (RFC 9110, 8.8.2.2)
        age = parsedate_to_datetime(response.headers["Date"]) - parsedate_to_datetime(modified or "")
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    return modified if age.total_seconds() >= 1 else None
