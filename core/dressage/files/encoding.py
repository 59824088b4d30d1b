"""Descriptions, handles and events as plain JSON values, and back.

Values written by a later dressage may hold fields that this one does not know: they are passed over.
"""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def to_json(value: Any) -> Any:
    return msgspec.to_builtins(value, enc_hook=_encoded)


def from_json(kind: type[T], value: Mapping[str, Any]) -> T:
    """An instance of `kind` from what `to_json` made of one.

    Raises msgspec.ValidationError where a field is missing or of another type.
    """
    return msgspec.convert(value, kind, dec_hook=_decoded)


def _encoded(value: Any) -> Any:
    if isinstance(value, PurePath):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} is not a JSON value")


def _decoded(kind: type, value: Any) -> Any:
    if issubclass(kind, PurePath):
        return kind(value)
    raise NotImplementedError(f"{kind.__name__} cannot be read from JSON")
