"""Markdown, as MyST reads it."""

import re
from collections.abc import Iterable, Mapping

_SPECIAL = re.compile(r"([\\*<>\[\]{}])")
_CODE_SPAN = re.compile(r"(`[^`]+`)")


def escape(text: str) -> str:
    """Return prose with its special characters escaped, except between backticks.

    >>> escape("DRESSAGE_* and `[platforms.NAME]`")
    'DRESSAGE_\\\\* and `[platforms.NAME]`'
    """
    parts = _CODE_SPAN.split(text)
    return "".join(part if part.startswith("`") else _SPECIAL.sub(r"\\\1", part) for part in parts)


def code_block(text: str, language: str) -> str:
    return f"```{language}\n{text}\n```"


def directive(
    name: str, argument: str, *blocks: str, options: Mapping[str, str] | None = None, level: int = 0
) -> str:
    """Return a directive. level: 0 for one that holds no other directive, 1 for one that holds those, ..."""
    fence = ":" * (3 + level)
    lines = [f"{fence}{{{name}}} {argument}".rstrip()]
    lines += [f":{key}: {value}".rstrip() for key, value in (options or {}).items()]
    body = join(blocks)
    return "\n".join([*lines, *(["", body] if body else []), fence])


def join(blocks: Iterable[str]) -> str:
    """Return the blocks that are not empty, with an empty line between two of them."""
    return "\n\n".join(block for block in blocks if block)
