"""Metrics drawn in the terminal: one line for a value, a small curve for a history."""

from collections.abc import Sequence
from math import isfinite

_BLOCKS = " ▁▂▃▄▅▆▇█"
_HEIGHT = 4
_WIDTH = 60


def chart(name: str, values: Sequence[float]) -> list[str]:
    """The lines to print: name, last value and range, and below them the curve, if there is one to see."""
    finite = [value for value in values if isfinite(value)]
    if len(values) < 2 or not finite or min(finite) == max(finite):
        return [f"{name}  {_number(values[-1])}"]
    low, high = min(finite), max(finite)
    lines = [f"{name}  {_number(values[-1])}  (from {_number(values[0])}, {len(values)} values)"]
    heights = [_height(value, low, high) for value in _sampled(values)]
    for row in range(_HEIGHT - 1, -1, -1):
        edge = _number(high) if row == _HEIGHT - 1 else _number(low) if row == 0 else ""
        lines.append(f"{edge:>10} ┤" + "".join(_block(height - row * 8) for height in heights))
    return lines


def _sampled(values: Sequence[float]) -> list[float]:
    """At most as many values as fit, evenly taken, the first and the last among them."""
    if len(values) <= _WIDTH:
        return list(values)
    return [values[round(place * (len(values) - 1) / (_WIDTH - 1))] for place in range(_WIDTH)]


def _height(value: float, low: float, high: float) -> int:
    """In eighths of a row, from 1 up; 0 for what is not a finite number."""
    if not isfinite(value):
        return 0
    return 1 + round((value - low) / (high - low) * (_HEIGHT * 8 - 1))


def _block(eighths: int) -> str:
    return _BLOCKS[max(0, min(8, eighths))]


def _number(value: float) -> str:
    return f"{value:.4g}"
