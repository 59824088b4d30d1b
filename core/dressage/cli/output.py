"""Format results: tables for people, JSON for programs, colour only on a terminal."""

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
    """Return the text in a colour if the stream is a terminal. NO_COLOR and FORCE_COLOR override this."""
    wanted = is_terminal(stream) or os.environ.get("FORCE_COLOR")
    if not wanted or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def print_json(value: Any) -> None:
    import msgspec

    results().buffer.write(msgspec.json.format(as_json(value), indent=2) + b"\n")
    results().buffer.flush()


def as_json(value: Any) -> bytes:
    """Encode a value as strict JSON. NaN and infinity become null; bytes in a name that are not text are escaped."""
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
    """Return a value as one line of text, with characters that are not printable escaped."""
    text = "" if value is None else str(value)
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )


def print_table(
    header: Sequence[str], rows: Iterable[Sequence[object]], colours: Mapping[str, str] | None = None
) -> None:
    """Print aligned columns. colours: the colour of a row, by the text of its first cell.

    On a terminal, the header is printed, empty columns are left out and the last column is wrapped to fit. Elsewhere,
    rows are printed without header, complete, one per line.
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
    """Yield each row with its lines: more than one if the last cell does not fit the terminal."""
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)][:-1]
    indent = sum(widths) + 2 * len(widths)
    for row in texts:
        begin = "".join(f"{cell:<{width}}  " for cell, width in zip(row, widths, strict=False))
        first, *more = wrap_text(row[-1], indent, results())
        yield row, [f"{begin}{first}".rstrip(), *(f"{'':<{indent}}{line}" for line in more)]


def wrap_text(text: str, indent: int, stream: TextIO) -> list[str]:
    """Wrap text between words to fit the terminal beside `indent` columns; unchanged if it is not a terminal."""
    if not is_terminal(stream):
        return [text]
    width = max(_LEAST_WIDTH, _columns(stream) - indent)
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def _columns(stream: TextIO) -> int:
    """Return the width of the stream's terminal.

    `shutil.get_terminal_size` would ask descriptor 1, which is redirected to stderr.
    """
    with suppress(KeyError, ValueError):
        if columns := int(os.environ["COLUMNS"]):
            return columns
    with suppress(OSError):
        if columns := os.get_terminal_size(stream.fileno()).columns:
            return columns
    return _USUAL_WIDTH


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one per line; None is left out."""
    shown = [(escape_text(name), escape_text(value)) for name, value in fields if value is not None]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        results().write(f"{name.ljust(width)}  {value}\n")


def shorten_digest(digest: str | None) -> str | None:
    """Return the first 12 characters on a terminal, the whole digest elsewhere."""
    return digest[:12] if digest and is_terminal(results()) else digest


def number_of(value: float, digits: int = 4) -> str:
    """Format with this many significant digits, but keep all digits before the point."""
    return f"{value:.0f}" if 10**digits <= abs(value) < 1e16 else f"{value:.{digits}g}"


def size_of(count: int | None) -> str:
    """Format a number of bytes with decimal units: "11.6 MB"."""
    if count is None:
        return ""
    amount, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"


def time_of(stamp: str | None) -> str:
    """Format a time of the journal as local time."""
    if not stamp:
        return ""
    from datetime import datetime

    return datetime.fromisoformat(stamp).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def iso_time(time_ms: int | None) -> str | None:
    """Convert milliseconds since 1970 to the time format of the journal: ISO 8601, UTC."""
    if not time_ms:
        return None
    from datetime import UTC, datetime

    from dressage.records.journal import stamp_of

    try:
        moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):  # outside the years that datetime supports
        return None
    return stamp_of(moment)


def state_of(status: RunStatus) -> str:
    """Format the state, with the place in the queue if it is known: "Queued (3)"."""
    return f"{status.state} ({status.place})" if status.place is not None else status.state


def shorten_reason(state: str, reason: str | None) -> str | None:
    """Return the reason of a state, without the state if it begins with it; None if nothing is left."""
    said, _, rest = (reason or "").partition(": ")
    return (rest if said.lower() == state.lower() else reason) or None


def format_state(state: str, reason: str | None, place: int | None = None) -> str:
    """Format a state with its place and reason, if known: "Queued (3): target 'gpu' runs 2 at a time"."""
    shown = state if place is None else f"{state} ({place})"
    short = shorten_reason(state, reason)
    return f"{shown}: {short}" if short else shown


def duration_of(status: RunStatus) -> str:
    """Format how long the run's script ran, or has been running."""
    from datetime import UTC, datetime

    if status.started is None or (status.has_ended and status.ended is None):
        return ""
    until = datetime.fromisoformat(status.ended) if status.ended else datetime.now(UTC)
    seconds = max(0.0, (until - datetime.fromisoformat(status.started)).total_seconds())
    minutes, rest = divmod(seconds, 60)
    return f"{rest:.1f} s" if minutes == 0 else f"{minutes:.0f} min {rest:.0f} s"
