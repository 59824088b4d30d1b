"""Differences between two JSON objects, as lines for people: which input changed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return one line per changed key, "epochs: 20 -> 5"; texts of several lines are compared line by line."""
    return [line for key in dict.fromkeys([*old, *new]) for line in _compare(key, old.get(key), new.get(key))]


def argument_differences(old: Sequence[Any], new: Sequence[Any]) -> list[str]:
    """Compare two lists of arguments, option by option: "argument --epochs: 20 -> 5"."""
    return [f"argument {line}" for line in differences(_options(old), _options(new))]


def input_differences(
    old: Mapping[str, Any], new: Mapping[str, Any], snapshot: Iterable[str]
) -> Iterator[str]:
    """Compare two `Training.inputs`; new inputs that are not known yet are left out.

    snapshot: the lines that say how the two source directories differ.
    """
    yield from argument_differences(old.get("arguments") or (), new["arguments"])
    yield from snapshot
    for name in ("script", "output_path"):
        if old.get(name) != new[name]:
            yield f"{name}: {old.get(name)} -> {new[name]}"
    yield from (
        f"variable {line}" for line in differences(old.get("variables") or {}, new.get("variables") or {})
    )
    yield from (
        f"distribution {line}"
        for line in differences(old.get("distribution") or {}, new.get("distribution") or {})
    )
    for name in ("dataset", "environment"):
        if name in new and old.get(name) != new[name]:
            yield f"{name} changed"


def file_differences(old: Mapping[str, str | None], new: Mapping[str, str | None]) -> list[str]:
    """Compare two folders by path and digest: "file train.py changed"."""
    return [
        f"file {path} {'added' if path not in old else 'removed' if path not in new else 'changed'}"
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    ]


def _compare(key: str, old: Any, new: Any) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, str) and isinstance(new, str) and "\n" in old + new:
        yield from (f"{key}: {line}" for line in line_differences(old, new))
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from (f"{key}.{line}" for line in differences(old, new))
    else:
        yield f"{key}: {_format(old)} -> {_format(new)}"


def line_differences(old: str, new: str) -> list[str]:
    """Return the lines that only one text has: "- numpy==2.0" was removed, "+ numpy==2.1" was added."""
    before, after = _lines(old), _lines(new)
    return [f"- {line}" for line in before if line not in after] + [
        f"+ {line}" for line in after if line not in before
    ]


def _lines(text: str) -> list[str]:
    return [line.strip().removeprefix("- ") for line in text.splitlines() if line.strip()]


def _options(arguments: Sequence[Any]) -> dict[str, Any]:
    """Return the options by name, each with the value that follows it; other arguments by their position."""
    options: dict[str, Any] = {}
    rest = list(arguments)
    for position, (argument, value) in enumerate(zip_longest(rest, rest[1:])):
        if isinstance(argument, str) and argument.startswith("--"):
            name, _, given = argument.partition("=")
            follows = isinstance(value, str) and not value.startswith("--")
            options[name] = given or (
                value if follows else _format(value) if isinstance(value, Mapping) else True
            )
        elif position == 0 or not (
            isinstance(rest[position - 1], str) and rest[position - 1].startswith("--")
        ):
            options[str(position)] = argument
    return options


def _format(value: Any) -> str:
    if value is None:
        return "not set"
    return value if isinstance(value, str) else repr(value)
