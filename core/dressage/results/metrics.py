"""The values of a metric, in the order of logging."""

import math
from bisect import bisect_left
from typing import Any

from msgspec import Struct

_FEW = 16
"""How many values at one step and time are compared one by one."""


class Point(Struct, frozen=True, gc=False):
    """One value of a metric. timestamp: milliseconds since 1970, UTC. attempt: of the run that logged it."""

    value: float
    step: int
    timestamp: int
    attempt: int = 1


class Points(list[Point]):
    """A metric's values. One that is there already, same step, time and value, is not added again, as in MLflow:
    its autologging sends some twice.

    Values mostly arrive in the order of their steps, or of their times; then looking for an equal one costs nothing.
    Once they do not, a set of all values is kept.
    """

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[tuple[Any, ...]] | None = None

    def add(self, point: Point) -> None:
        """A resumed run continues from its last checkpoint: its values replace the earlier attempt's from there."""
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
    """JSON has no word for what is not a finite number; protocol buffers' JSON, and so MLflow, has these texts."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def latest_of(points: list[Point]) -> Point:
    """The value at the highest step; of several there the latest, of those the highest, as in MLflow."""
    return max(points, key=lambda point: (*_place(point), 0.0 if math.isnan(point.value) else point.value))


def _place(point: Point) -> tuple[int, int]:
    return point.step, point.timestamp


def _identity(point: Point) -> tuple[Any, ...]:
    return point.step, point.timestamp, None if math.isnan(point.value) else point.value
