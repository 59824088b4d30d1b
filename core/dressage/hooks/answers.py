"""Check that a platform's method returned what its protocol declares, including the types of fields."""

from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from dressage.files.encoding import from_json, to_json

_TIMES = ("created", "started", "ended")


def check_answer(value: Any, hint: Any) -> Any:
    """Return the value, a sequence as a list. hint: the declared type. Raises TypeError if the type differs."""
    if hint is Any or hint is type(None):
        return value
    if get_origin(hint) is Sequence:
        return _sequence(value, hint)
    if not _fits(value, hint):
        raise TypeError(f"returned {value!r:.200}, not {_name(hint)}")
    _check_fields(value)
    return value


def _sequence(value: Any, hint: Any) -> list[Any]:
    """Return the items as a list, so that an error in a generator is raised here."""
    (kind,) = get_args(hint)
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise TypeError(f"returned {value!r:.200}, not a sequence of {_name(kind)}")
    items = list(value)
    for item in items:
        if not _fits(item, kind):
            raise TypeError(f"returned a sequence with {item!r:.200}, not of {_name(kind)}")
        _check_fields(item)
    return items


def _check_fields(value: Any) -> None:
    """Raise TypeError if a field of a description or result has the wrong type, or a time has no time zone."""
    if not (isinstance(value, msgspec.Struct) or is_dataclass(value)):
        return
    try:
        from_json(type(value), to_json(value))
        for name in _TIMES:
            _check_time(name, getattr(value, name, None))
    except (msgspec.ValidationError, NotImplementedError, ValueError) as error:
        raise TypeError(f"returned {value!r:.200}: {error}") from error


def _check_time(name: str, text: str | None) -> None:
    from datetime import datetime

    if not text:
        return
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}; give a time such as 2026-11-24T09:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"{name} is {text!r}, which has no time zone; end it with 'Z' for UTC")


def _fits(value: Any, hint: Any) -> bool:
    origin, members = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, member) for member in members)
    if origin is tuple:
        return isinstance(value, tuple) and len(value) == len(members) and all(map(_fits, value, members))
    return isinstance(value, origin or hint)


def _name(hint: Any) -> str:
    return getattr(hint, "__name__", None) or str(hint)
