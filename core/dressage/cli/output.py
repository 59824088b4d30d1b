"""How results look: tables for people, JSON for programs; colour only where it is wanted."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from dressage.encoding import to_json

_COLOURS = {"green": 32, "yellow": 33, "red": 31, "dim": 2, "bold": 1}


def is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def coloured(text: str, colour: str, stream: TextIO) -> str:
    """The text in a colour, where the stream shows colours and nobody asked for none."""
    wanted = is_terminal(stream) or os.environ.get("FORCE_COLOR")
    if not wanted or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def print_json(value: Any) -> None:
    """Pure JSON: what is not a number, as a metric may be, is null."""
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(to_json(value)), indent=2).decode() + "\n")


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns in line, two spaces apart; the header only where a person looks."""
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if is_terminal(sys.stdout):
        texts.insert(0, list(header))
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for number, row in enumerate(texts):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        is_header = number == 0 and is_terminal(sys.stdout)
        sys.stdout.write((coloured(line, "dim", sys.stdout) if is_header else line) + "\n")


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Names and values, one a line; what is None is left out."""
    shown = [(name, value) for name, value in fields if value is not None]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        sys.stdout.write(f"{name.ljust(width)}  {value}\n")


def size_of(count: int | None) -> str:
    """Bytes as people say them, in powers of ten."""
    if count is None:
        return ""
    amount, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"


def time_of(stamp: str | None) -> str:
    """A journal's time as the local clock shows it."""
    if not stamp:
        return ""
    from datetime import datetime

    return datetime.fromisoformat(stamp).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def duration_of(started: str | None, ended: str | None) -> str:
    if started is None or ended is None:
        return ""
    from datetime import datetime

    seconds = (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds()
    minutes, rest = divmod(seconds, 60)
    return f"{rest:.1f} s" if minutes == 0 else f"{minutes:.0f} min {rest:.0f} s"
