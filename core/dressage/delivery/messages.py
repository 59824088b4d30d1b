"""The messages between a courier and the process of an observer: one JSON object per line.

The process first sends a Hello. Then it gets Calls, and sends a Reply to each; before that, any number of Replies
with `is_progress`, which show that it is still working. Metrics may be NaN, which only the standard library writes.
"""

import json
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

M = TypeVar("M", bound=Struct)


class Hello(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the process found when it loaded the observer.

    hooks: the events that it has a hook for. missing: variables that it needs and that are not set.
    is_off: it is disabled or not enabled. error: why it cannot be loaded, in one line.
    """

    hooks: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    is_off: bool = False
    error: str | None = None


class Call(Struct, frozen=True, kw_only=True):
    """hook: its name. notice: as JSON, and age_s: its age. For a mirror: run_id and entries instead."""

    hook: str
    notice: Any = None
    age_s: float = 0.0
    run_id: str = ""
    entries: tuple[tuple[int, Any], ...] = ()


class Reply(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """error: why the call failed, in one line. is_unreachable: it may work later. notes: what was left out."""

    error: str | None = None
    is_unreachable: bool = False
    retry_after_s: float | None = None
    is_progress: bool = False
    notes: tuple[str, ...] = ()


def encode(message: Struct) -> bytes:
    """Return a message as a line."""
    return json.dumps(msgspec.to_builtins(message)).encode() + b"\n"


def decode(kind: type[M], line: bytes) -> M:
    """Return the message in a line. Raises ValueError if it is another one."""
    return msgspec.convert(json.loads(line), kind)
