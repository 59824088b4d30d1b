"""Metrics drawn in the terminal: one line for a value, a small curve for a history."""

from collections.abc import Sequence
from math import isfinite

from dressage.cli.output import escape_text, number_of
from dressage.results.metrics import Point

_BLOCKS = " ▁▂▃▄▅▆▇█"
_HEIGHT = 4
_WIDTH = 60
_MOST_DIGITS = 17


def draw_chart(name: str, points: Sequence[Point], last: float) -> list[str]:
    """The lines to print: name, last value and range, and below them the curve, if there is one to see."""
    name = escape_text(name)
    ordered = sorted(points, key=lambda point: (point.step, point.timestamp))
    values = [point.value for point in ordered]
    finite = [value for value in values if isfinite(value)]
    if len(values) < 2 or not finite or min(finite) == max(finite):
        return [f"{name}  {number_of(last)}"]
    low, high = min(finite), max(finite)
    steps = (ordered[0].step, ordered[-1].step)
    step_range = f", steps {steps[0]} to {steps[1]}" if steps[0] != steps[1] else ""
    lines = [f"{name}  {number_of(last)}  (from {number_of(values[0])}, {len(values)} values{step_range})"]
    heights = [_height(value, low, high) for value in _sample(values)]
    bottom, top = _label_edges(low, high)
    for row in range(_HEIGHT - 1, -1, -1):
        edge = top if row == _HEIGHT - 1 else bottom if row == 0 else ""
        lines.append(
            f"{edge:>{max(10, len(top), len(bottom))}} ┤"
            + "".join(_block(height - row * 8) for height in heights)
        )
    return lines


def _label_edges(low: float, high: float) -> tuple[str, str]:
    """With as many digits as it takes to tell them apart."""
    digits = 4
    while number_of(low, digits) == number_of(high, digits) and digits < _MOST_DIGITS:
        digits += 1
    return number_of(low, digits), number_of(high, digits)


def _sample(values: Sequence[float]) -> list[float]:
    """At most as many values as fit, evenly taken, the first and the last among them."""
    if len(values) <= _WIDTH:
        return list(values)
    return [values[round(place * (len(values) - 1) / (_WIDTH - 1))] for place in range(_WIDTH)]


def _height(value: float, low: float, high: float) -> int:
    """In eighths of a row, from 1 up; 0 for what is not a finite number."""
    if not isfinite(value):
        return 0
    share = (value / 2 - low / 2) / (
        high / 2 - low / 2
    )  # halves: the difference of the largest floats is none
    return 1 + round(share * (_HEIGHT * 8 - 1))


def _block(eighths: int) -> str:
    return _BLOCKS[max(0, min(8, eighths))]
