"""Finds the route of a request, decodes and answers it, and counts refusals."""

import errno
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dressage.errors import DressageError
from dressage.supervision.tracking import routes
from dressage.supervision.tracking.answers import Answer
from dressage.supervision.tracking.errors import RefusedError
from dressage.supervision.tracking.state import TrackingState

_PROBES = frozenset({"/version", "/health", "/api/3.0/mlflow/server-info"})
"""Paths that clients request to detect a server's features; the answer 404 is not counted as a refusal."""
_ORDINARY = frozenset({"RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS"})
"""Refusals that only say whether something exists; they are not counted."""


class Request(NamedTuple):
    """path: without its query."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    body: bytes


class TrackingService:
    """Answers the requests of one script."""

    def __init__(self, state: TrackingState) -> None:
        self._state = state

    def answer(self, request: Request) -> tuple[int, Answer]:
        """Return the HTTP status and the JSON of the answer."""
        try:
            return 200, self._answer(request)
        except RefusedError as refusal:
            self._count(request, refusal)
            return refusal.status, {"error_code": refusal.code, "message": str(refusal)}
        except Exception as error:
            status, code = _status(error)
            message = str(error) if isinstance(error, DressageError) else f"{type(error).__name__}: {error}"
            self._state.refuse(_label(request), message)
            return status, {"error_code": code, "message": message}

    def close(self) -> None:
        """Write the final counts of refusals."""
        self._state.write_refusals()

    def _count(self, request: Request, refusal: RefusedError) -> None:
        """Count refusals of writes, because the script may not notice them; it notices refusals of reads."""
        if refusal.code == "ENDPOINT_NOT_FOUND" and request.path not in _PROBES:
            self._state.refuse(_label(request), "")
        elif request.method != "GET" and refusal.code not in _ORDINARY:
            self._state.refuse(_label(request), str(refusal))

    def _answer(self, request: Request) -> Answer:
        matched = routes.match(request.method, request.path)
        if matched is None:
            message = f"{request.method} {request.path} is not supported by this tracking endpoint"
            raise RefusedError(404, "ENDPOINT_NOT_FOUND", message)
        if request.method == "GET":
            decoded = routes.read_query(matched, request.query)
        else:
            decoded = routes.read_body(matched, request.body)
            for name in routes.find_unknown_fields(matched, request.body):
                self._state.refuse(f"{_label(request)} {name[:100]}", "")
        if not matched.route.is_quick:
            return matched.route.answer(self._state, decoded)
        with self._state.lock:  # one request at a time, so that none sees a half-written change
            return matched.route.answer(self._state, decoded)


def _status(error: Exception) -> tuple[int, str]:
    """Return the status of an unexpected error. It is never 500, because clients retry after 500 for minutes."""
    if isinstance(error, OSError):
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE)
        return (507, "INTERNAL_ERROR") if is_full else (400, "INVALID_PARAMETER_VALUE")
    return (507 if isinstance(error, DressageError) else 501), "INTERNAL_ERROR"


def _label(request: Request) -> str:
    """Return the request's name in warnings, "POST runs/log-batch"; its path has the names of arguments."""
    matched = routes.match(request.method, request.path)
    path = matched.route.path if matched else routes.without_prefix(request.path)[:100]
    return f"{request.method} {path}"
