"""CSV files to learn from, made by a formula."""

import math
import random
from collections.abc import Mapping
from pathlib import Path

_COLOURS: Mapping[str, int] = {"red": 0, "green": 3, "blue": -2}
HEADER = "a size,b,c,colour,price"


def write_table(path: Path, *, target: str = "number", rows: int = 1200) -> Path:
    """Write a table. Its last column is the target: a "number", a "word" of two, or a "class", a number of three."""
    chance = random.Random(1)
    lines = [HEADER]
    for row in range(rows):
        a, b, c, colour = chance.random(), chance.random(), chance.random(), chance.choice(list(_COLOURS))
        price = 10 * a * b + 5 * math.sin(6 * c) + _COLOURS[colour] + chance.random() / 2
        values = {
            "number": f"{price:.4f}",
            "word": "high" if price > 3 else "low",
            "class": str(int(price > 0) + int(price > 5)),
        }
        shown = "" if row % 50 == 0 else f"{c:.5f}"  # some values are missing
        lines.append(f"{a:.5f},{b:.5f},{shown},{colour},{values[target]}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path
