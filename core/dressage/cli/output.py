"""How results look: tables for people, JSON for programs; colour only where it is wanted."""

import os
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TextIO

from dressage.cli.streams import results
from dressage.files.encoding import to_json
from dressage.results.statuses import RunStatus

_LEAST_WIDTH = 16
_USUAL_WIDTH = 80
_COLOURS = {"green": 32, "yellow": 33, "red": 31, "dim": 2, "bold": 1}


def is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def colour_text(text: str, colour: str, stream: TextIO) -> str:
    """The text in a colour, where the stream shows colours and nobody asked for none."""
    wanted = is_terminal(stream) or os.environ.get("FORCE_COLOR")
    if not wanted or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def print_json(value: Any) -> None:
    import msgspec

    results().buffer.write(msgspec.json.format(as_json(value), indent=2) + b"\n")
    results().buffer.flush()


def as_json(value: Any) -> bytes:
    """Pure JSON: what is not a number, as a metric may be, is null; bytes of a name that are no text are escaped."""
    import msgspec

    plain = to_json(value)
    try:
        return msgspec.json.encode(plain)
    except UnicodeEncodeError:
        return msgspec.json.encode(_text_throughout(plain))


def _text_throughout(value: Any) -> Any:
    match value:
        case dict():
            return {_text_throughout(key): _text_throughout(item) for key, item in value.items()}
        case list() | tuple():
            return [_text_throughout(item) for item in value]
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
    return value


def escape_text(value: object) -> str:
    """A value on one line: a line break, an escape or a byte that is no text shows as what it is."""
    text = "" if value is None else str(value)
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )


def print_table(
    header: Sequence[str], rows: Iterable[Sequence[object]], colours: Mapping[str, str] | None = None
) -> None:
    """Columns in line, two spaces apart. colours: of a row, by what its first cell says.

    On a terminal with a header, without columns that are empty, the last column folded to fit; elsewhere whole.
    """
    texts = [[escape_text(cell) for cell in row] for row in rows]
    colours = colours or {}
    if texts and is_terminal(results()):
        texts = _with_header(header, texts)
        colours = {**colours, texts[0][0]: "dim"}
    for row, lines in _align_rows(texts):
        for line in lines:
            colour = colours.get(row[0])
            results().write((colour_text(line, colour, results()) if colour else line) + "\n")


def _with_header(header: Sequence[str], texts: Sequence[Sequence[str]]) -> list[list[str]]:
    kept = [place for place, column in enumerate(zip(*texts, strict=True)) if any(column)]
    return [[row[place] for place in kept] for row in (header, *texts)]


def _align_rows(texts: Sequence[Sequence[str]]) -> Iterator[tuple[Sequence[str], list[str]]]:
    """Each row, and its lines: one, and more where a terminal is too narrow for its last cell."""
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)][:-1]
    indent = sum(widths) + 2 * len(widths)
    for row in texts:
        begin = "".join(f"{cell:<{width}}  " for cell, width in zip(row, widths, strict=False))
        first, *more = wrap_text(row[-1], indent, results())
        yield row, [f"{begin}{first}".rstrip(), *(f"{'':<{indent}}{line}" for line in more)]


def wrap_text(text: str, indent: int, stream: TextIO) -> list[str]:
    """In lines that fit a terminal behind so many columns, broken between words; off a terminal as it is."""
    if not is_terminal(stream):
        return [text]
    width = max(_LEAST_WIDTH, _columns(stream) - indent)
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def _columns(stream: TextIO) -> int:
    """The width of the stream's own terminal: `shutil.get_terminal_size` asks descriptor 1, which leads to stderr."""
    with suppress(KeyError, ValueError):
        if columns := int(os.environ["COLUMNS"]):
            return columns
    with suppress(OSError):
        if columns := os.get_terminal_size(stream.fileno()).columns:
            return columns
    return _USUAL_WIDTH


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Names and values, one a line; what is None is left out."""
    shown = [(escape_text(name), escape_text(value)) for name, value in fields if value is not None]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        results().write(f"{name.ljust(width)}  {value}\n")


def shorten_digest(digest: str | None) -> str | None:
    """Its beginning where a person looks, all of it elsewhere."""
    return digest[:12] if digest and is_terminal(results()) else digest


def number_of(value: float, digits: int = 4) -> str:
    """To so many digits, the whole part at least."""
    return f"{value:.0f}" if 10**digits <= abs(value) < 1e16 else f"{value:.{digits}g}"


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


def iso_time(time_ms: int | None) -> str | None:
    """Milliseconds since 1970 as journals write times: ISO 8601, UTC."""
    if not time_ms:
        return None
    from datetime import UTC, datetime

    from dressage.records.journal import stamp_of

    try:
        moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):  # in no year that there is
        return None
    return stamp_of(moment)


def duration_of(status: RunStatus) -> str:
    """How long the run's script ran, or has run so far."""
    from datetime import UTC, datetime

    if status.started is None or (status.has_ended and status.ended is None):
        return ""
    until = datetime.fromisoformat(status.ended) if status.ended else datetime.now(UTC)
    seconds = max(0.0, (until - datetime.fromisoformat(status.started)).total_seconds())
    minutes, rest = divmod(seconds, 60)
    return f"{rest:.1f} s" if minutes == 0 else f"{minutes:.0f} min {rest:.0f} s"
