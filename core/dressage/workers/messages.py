"""The messages between a worker and its client: one JSON object per line, on the worker's stdin and stdout.

    in    {"id": 1, "method": "workspace.get", "arguments": {...}}
    out   {"id": 1, "progress": [what, done, total]}
          {"id": 1, "result": [...]}                        a list of one value, which may be null
          {"id": 1, "error": ["kind", "message"]}

Both sides use this module. In the worker's environment it can import only the standard library.
"""

import json
from typing import Any, NamedTuple, Optional


class Call(NamedTuple):
    """A handler's name, and its arguments by name."""

    id: int
    method: str
    arguments: dict[str, Any]


class Failure(NamedTuple):
    """A failed call. kind: the exception's `kind` attribute, else the name of its type. message: one line."""

    kind: str
    message: str


class Reply(NamedTuple):
    """A reply to the call with this id; exactly one of the other fields is set.

    progress: the activity, the amount done, and the total amount. result: the returned value, in a list.
    """

    id: int
    progress: Optional[tuple[str, int, Optional[int]]] = None  # noqa: UP045 - a worker may have an old Python
    result: Optional[list[Any]] = None  # noqa: UP045
    error: Optional[Failure] = None  # noqa: UP045


def encode(message: NamedTuple) -> bytes:
    fields = {name: value for name, value in message._asdict().items() if value is not None}
    return json.dumps(fields).encode() + b"\n"


def decode_call(line: bytes) -> Call:
    return Call(**json.loads(line))


def decode_reply(line: bytes) -> Reply:
    fields = json.loads(line)
    if "error" in fields:
        fields["error"] = Failure(*fields["error"])
    return Reply(**fields)
