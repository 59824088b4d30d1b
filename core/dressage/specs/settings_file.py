"""Write a platform's options to a settings file, in TOML."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dressage.errors import SettingsError


def platform_lines(platform: str, options: Mapping[str, Any]) -> str:
    """Return the lines of a settings file that choose the platform and set its options.

    options: checked values by name. Raises SettingsError for text with control characters.

    >>> print(platform_lines("local", {"grace_s": 5.0}), end="")
    on = "local"
    <BLANKLINE>
    [platforms.local]
    grace_s = 5.0
    """
    name = platform if re.fullmatch(r"[A-Za-z0-9_-]+", platform) else _toml(platform)
    lines = [f"on = {_toml(platform)}"]
    if options:
        lines += ["", f"[platforms.{name}]", *(f"{key} = {_toml(value)}" for key, value in options.items())]
    return "\n".join(lines) + "\n"


def is_already_set(path: Path, platform: str, options: Mapping[str, Any]) -> bool:
    """Return whether the settings file already chooses the platform and sets these options."""
    import tomllib

    table = tomllib.loads(path.read_text(encoding="utf-8"))
    written = table.get("platforms", {}).get(platform, {})
    return table.get("on") == platform and options.items() <= written.items()


def _toml(value: Any) -> str:
    """Return a value as TOML. None becomes the text "none", which settings read as None."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    text = str("none" if value is None else value)
    if not text.isprintable():
        raise SettingsError(f"{text!r} cannot be written to a settings file; use printable characters only")
    plain = isinstance(value, bool | int | float)
    return json.dumps(value if plain else text, ensure_ascii=False)
