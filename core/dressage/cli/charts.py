"""Draw metrics in the terminal: one line for a single value, a small curve for several."""

from collections.abc import Sequence
from math import isfinite

from dressage.cli.output import escape_text, number_of
from dressage.results.metrics import Point

_BLOCKS = " ▁▂▃▄▅▆▇█"
_HEIGHT = 4
_WIDTH = 60
_MOST_DIGITS = 17


def draw_chart(name: str, points: Sequence[Point], last: float) -> list[str]:
    """Return the lines to print: name, last value and first value, then the curve if the values differ."""
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
    """Return the labels of the lowest and the highest value, with enough digits to differ."""
    digits = 4
    while number_of(low, digits) == number_of(high, digits) and digits < _MOST_DIGITS:
        digits += 1
    return number_of(low, digits), number_of(high, digits)


def _sample(values: Sequence[float]) -> list[float]:
    """Return at most `_WIDTH` values at even distances, including the first and the last."""
    if len(values) <= _WIDTH:
        return list(values)
    return [values[round(place * (len(values) - 1) / (_WIDTH - 1))] for place in range(_WIDTH)]


def _height(value: float, low: float, high: float) -> int:
    """Return the height in eighths of a row, at least 1; 0 for NaN and infinity."""
    if not isfinite(value):
        return 0
    share = (value / 2 - low / 2) / (
        high / 2 - low / 2
    )  # halved first: the difference of very large floats would overflow
    return 1 + round(share * (_HEIGHT * 8 - 1))


def _block(eighths: int) -> str:
    return _BLOCKS[max(0, min(8, eighths))]
