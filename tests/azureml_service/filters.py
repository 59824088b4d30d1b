"""Evaluate filters of lists, such as `(Tags/a eq "b" and Status eq Running)`, on dictionaries."""

import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<join>and\b|or\b)
        |(?P<name>[\w./-]+)\s+(?P<how>eq|ne|ge|gt|le|lt)\s+(?P<value>"[^"]*"|'[^']*'|.+?)(?=\s*\)|\s+(?:and|or)\s|\s*$))""",
    re.VERBOSE,
)
_HOW: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda have, want: have == want,
    "ne": lambda have, want: have != want,
    "ge": lambda have, want: have is not None and have >= want,
    "gt": lambda have, want: have is not None and have > want,
    "le": lambda have, want: have is not None and have <= want,
    "lt": lambda have, want: have is not None and have < want,
}


def passes(expression: str | None, known: Mapping[str, Any]) -> bool:
    """Return whether an item matches a filter expression."""
    if not expression:
        return True
    tokens, at = [], 0
    while at < len(expression.rstrip()):
        match = _TOKEN.match(expression, at)
        if not match:
            raise ValueError(f"filter {expression!r} at {at}")
        tokens.append(match.groupdict())
        at = match.end()
    return _either(tokens, known)


def _either(tokens: list[dict[str, Any]], known: Mapping[str, Any]) -> bool:
    found = _both(tokens, known)
    while tokens and tokens[0]["join"] == "or":
        tokens.pop(0)
        found = _both(tokens, known) or found
    return found


def _both(tokens: list[dict[str, Any]], known: Mapping[str, Any]) -> bool:
    found = _one(tokens, known)
    while tokens and tokens[0]["join"] == "and":
        tokens.pop(0)
        found = _one(tokens, known) and found
    return found


def _one(tokens: list[dict[str, Any]], known: Mapping[str, Any]) -> bool:
    token = tokens.pop(0)
    if token["open"]:
        found = _either(tokens, known)
        tokens.pop(0)
        return found
    value = token["value"]
    want = None if value == "null" else value.strip("\"'")
    return _HOW[token["how"]](_look_up(token["name"], known), want)


def _look_up(name: str, known: Mapping[str, Any]) -> Any:
    """Return the value of a name in a filter. The item's keys start with a lower-case letter."""
    part, _, rest = name.partition("/")
    value = known.get(part[0].lower() + part[1:])
    if rest:
        return value.get(rest) if isinstance(value, Mapping) else None
    return value
