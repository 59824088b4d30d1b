"""Parse durations on the command line: 30s, 90m, 2h, 1d, or seconds."""

import re

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)", re.ASCII)


def seconds_of(text: str | None, option: str) -> float | None:
    """Return the duration in seconds; None for None. option: names the option in the error.

    Raises SettingsError for a text that is not a duration.
    """
    from dressage.errors import SettingsError

    if text is None:
        return None
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise SettingsError(
            f"invalid {option} {text!r}: use seconds, or a number with s, m, h or d, such as 90m"
        )
    return float(found[1]) * _UNITS[found[2]]
