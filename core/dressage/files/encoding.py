"""Convert descriptions, handles and events to plain JSON values and back.

Unknown fields, as a later version of dressage may write, are ignored.
"""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """Convert a description, handle or event to a plain JSON value."""
    return msgspec.to_builtins(value, enc_hook=_encode)


def from_json(kind: type[T], value: Mapping[str, Any]) -> T:
    """Create an instance of `kind` from what `to_json` returned.

    Raises msgspec.ValidationError if a field is missing or has another type.
    """
    return msgspec.convert(value, kind, dec_hook=_decode)


def _encode(value: Any) -> Any:
    if isinstance(value, PurePath):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} is not a JSON value")


def _decode(kind: type, value: Any) -> Any:
    if issubclass(kind, PurePath):
        return kind(value)
    raise NotImplementedError(f"{kind.__name__} cannot be read from JSON")
