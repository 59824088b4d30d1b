"""What a worker and its client say to each other: one JSON object a line, on the worker's stdin and stdout.

    in    {"id": 1, "method": "workspace.get", "arguments": {...}}
    out   {"id": 1, "progress": [what, done, total]}
          {"id": 1, "result": [...]}                        a list of one value: it may be null
          {"id": 1, "error": ["kind", "message"]}

Both sides read this module; in the worker's environment it has the standard library alone.
"""

import json
from typing import Any, NamedTuple, Optional


class Call(NamedTuple):
    """A handler's name, and its arguments by name."""

    id: int
    method: str
    arguments: dict[str, Any]


class Failure(NamedTuple):
    """kind: the exception's own `kind`, else its type's name. message: one line."""

    kind: str
    message: str


class Reply(NamedTuple):
    """To the call of that number; one of the three is there.

    progress: what is worked on, how much is done, of how much. result: what the handler returned, in a list.
    """

    id: int
    progress: Optional[tuple[str, int, Optional[int]]] = None  # noqa: UP045 - for whatever Python a worker has
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
