"""Requests, responses and routes of the loopback service."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """A request. query: the last value of each parameter. headers: by name in lower case. body: as sent."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Response:
    """A response. body: bytes are sent without change, None as an empty body, anything else as JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> tuple[bytes, str]:
        """Return the body's bytes and their content type."""
        if self.body is None:
            return b"", "text/plain"
        if isinstance(self.body, bytes):
            return self.body, "application/octet-stream"
        return json.dumps(self.body).encode(), "application/json"


class Refusal(Exception):  # noqa: N818 - it is a response
    """Makes the service answer with an Azure error: {"error": {"code", "message"}}."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.response = Response(status, {"error": {"code": code, "message": message}})


Handler = Callable[..., Response]
Found = tuple[Handler, dict[str, str], bool]
"""A route for a request: its handler, the values of its segments, and whether it changes anything."""


@dataclass
class Routes:
    """Handlers by method and path. A path's {name} matches one segment and {name:path} the rest of it.

    A route knows whether its requests change anything: tests assert that a plan changes nothing.
    """

    table: list[tuple[str, re.Pattern[str], Handler, bool]] = field(default_factory=list)

    def route(self, method: str, path: str, *, changes: bool | None = None) -> Callable[[Handler], Handler]:
        """Register a handler. It gets (service, request, **segments) and returns a Response.

        changes: whether a request changes anything; by default all methods do except GET and HEAD.
        """
        pattern = re.sub(
            r"\\{(\w+)(:path)?\\}", lambda m: f"(?P<{m[1]}>{'.+' if m[2] else '[^/]+'})", re.escape(path)
        )
        compiled = re.compile(pattern, re.IGNORECASE)
        known = method not in ("GET", "HEAD") if changes is None else changes

        def register(handler: Handler) -> Handler:
            self.table.append((method, compiled, handler, known))
            return handler

        return register

    def find(self, request: Request) -> Found | None:
        for method, pattern, handler, changes in self.table:
            match = pattern.fullmatch(request.path) if method == request.method else None
            if match:
                return handler, match.groupdict(), changes
        return None
