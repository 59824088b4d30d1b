"""The last line of a log, and the exception that ended a script."""

import re
from pathlib import Path

_TAIL_BYTES = 64 << 10
_UNCAUGHT = 1
"""The exit code of a Python that an exception ended."""
_NEAR = 30
"""How many lines of a long message, or of what other libraries say at exit, may follow the exception."""
_TRACEBACK = "Traceback (most recent call last):"
_LINK = re.compile(r"\W*View (run|experiment)\b.* at: \S+$")
"""What MLflow's client prints at the end of a run: the address of a page that is not there."""


def last_line(path: Path, limit: int = 200) -> str:
    """The last line that says something, at most `limit` characters of it; "" if there is none."""
    return _clean(_last(_tail(path)), limit)


def failure_line(path: Path, exit_code: int, limit: int = 200) -> str:
    """Why the script failed: the exception that ended it, else the last line that says something; "" if none does."""
    lines = _tail(path)
    raised = _exception(lines) if exit_code == _UNCAUGHT else ""
    return _clean(raised or _last(lines), limit)


def _exception(lines: list[str]) -> str:
    """What ends the last traceback, if that is near the end: the first line behind it that is not indented."""
    begins = [place for place, line in enumerate(lines) if line.strip(" |+-") == _TRACEBACK]
    behind = enumerate(lines[begins[-1] + 1 :], begins[-1] + 1) if begins else ()
    ends = (place for place, line in behind if line.strip() and not line[0].isspace())
    place = next(ends, 0)
    return lines[place] if place and len(lines) - place <= _NEAR else ""


def _last(lines: list[str]) -> str:
    said = (line for line in reversed(lines) if line.strip() and not _LINK.match(line.strip()))
    return next(said, "")


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            return file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []


def _clean(line: str, limit: int) -> str:
    return "".join(letter for letter in line.strip() if letter.isprintable())[:limit]
