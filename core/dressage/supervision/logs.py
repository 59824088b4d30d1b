"""The last line of a log, and the exception with which a script failed."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_TAIL_BYTES = 64 << 10
_UNCAUGHT = 1
"""The exit code of Python after an uncaught exception."""
_MAX_LINES_AFTER = 30
"""How many lines may follow the exception: of its message, or of what libraries print at exit."""
_TRACEBACK = "Traceback (most recent call last):"
_LINK = re.compile(r"\W*View (run|experiment)\b.* at: \S+$")
"""What MLflow's client prints at the end of a run: the address of a page that does not exist here."""


def last_line(path: Path, limit: int = 200) -> str:
    """Return the last line that is not empty, at most `limit` characters of it; "" if there is none."""
    return _clean(_last(_tail(path)), limit)


def failure_line(
    path: Path, exit_code: int, limit: int = 200, hidden: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Return why the script failed: the uncaught exception, else the last line that is not empty, else "".

    hidden: secret values by name; the name is written instead of the value.
    """
    lines = _tail(path)
    line = (_exception(lines) if exit_code == _UNCAUGHT else "") or _last(lines)
    for name, value in hidden.items():
        line = line.replace(value, f"<{name}>") if value else line
    return _clean(line, limit)


def _exception(lines: list[str]) -> str:
    """Return the exception of the last traceback, if it is near the end: the first line after it without indent."""
    starts = [number for number, line in enumerate(lines) if line.strip(" |+-") == _TRACEBACK]
    following = enumerate(lines[starts[-1] + 1 :], starts[-1] + 1) if starts else ()
    ends = (number for number, line in following if line.strip() and not line[0].isspace())
    number = next(ends, 0)
    return lines[number] if number and len(lines) - number <= _MAX_LINES_AFTER else ""


def _last(lines: list[str]) -> str:
    candidates = (line for line in reversed(lines) if line.strip() and not _LINK.match(line.strip()))
    return next(candidates, "")


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            return file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []


def _clean(line: str, limit: int) -> str:
    return "".join(letter for letter in line.strip() if letter.isprintable())[:limit]
