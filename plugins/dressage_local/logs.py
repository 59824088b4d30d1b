"""What a log says last."""

from pathlib import Path

_TAIL_BYTES = 4096


def last_line(path: Path, limit: int = 200) -> str:
    """The last line that says something, at most `limit` characters of it; "" if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    said = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return "".join(letter for letter in said if letter.isprintable())[:limit]
