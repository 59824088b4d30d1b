"""The values of a metric, in the order of logging."""

import math
from bisect import bisect_left
from typing import Any

from msgspec import Struct

_FEW = 16
"""Up to this many values of one step and time are compared one by one."""


class Point(Struct, frozen=True, gc=False):
    """One value of a metric. timestamp: milliseconds since 1970, UTC. attempt: the attempt that logged it."""

    value: float
    step: int
    timestamp: int
    attempt: int = 1


class Points(list[Point]):
    """The values of a metric, without duplicates: autologging sends some values twice.

    A value is a duplicate if its step, time and value equal those of an earlier one, as in MLflow.
    Values mostly arrive in the order of their steps or times; then the check for duplicates is cheap. When a value
    arrives out of order, a set of all values is built.
    """

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[tuple[Any, ...]] | None = None

    def add(self, point: Point) -> None:
        """Add a value, unless it is a duplicate.

        A resumed run continues from its last checkpoint: its values replace the earlier attempt's from that step on.
        """
        if self and self[-1].attempt != point.attempt:
            self[:] = [earlier for earlier in self if earlier.step < point.step]
            self._seen = None
        if not self._has(point):
            self.append(point)

    def _has(self, point: Point) -> bool:
        if self._seen is None and self and _place(point) < _place(self[-1]):
            self._seen = {_identity(earlier) for earlier in self}
        if self._seen is None:
            first = bisect_left(self, _place(point), key=_place)
            if len(self) - first < _FEW:
                return any(_identity(equal) == _identity(point) for equal in self[first:])
            self._seen = {_identity(earlier) for earlier in self}
        if _identity(point) in self._seen:
            return True
        self._seen.add(_identity(point))
        return False


def json_number(value: float) -> float | str:
    """Convert a metric's value for JSON; NaN and the infinities become text, as in the JSON of protocol buffers."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def latest_of(points: list[Point]) -> Point:
    """Return the value at the highest step; among several, the latest one, then the highest one, as in MLflow."""
    return max(points, key=lambda point: (*_place(point), 0.0 if math.isnan(point.value) else point.value))


def _place(point: Point) -> tuple[int, int]:
    return point.step, point.timestamp


def _identity(point: Point) -> tuple[Any, ...]:
    return point.step, point.timestamp, None if math.isnan(point.value) else point.value
