"""Which input changed: two JSON objects compared, in lines that a person reads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """One line per changed key, "epochs: 20 -> 5"; texts of several lines compare line by line."""
    return [line for key in dict.fromkeys([*old, *new]) for line in _changed(key, old.get(key), new.get(key))]


def argument_differences(old: Sequence[Any], new: Sequence[Any]) -> list[str]:
    """Two argument vectors, option by option: "argument --epochs: 20 -> 5"."""
    return [f"argument {line}" for line in differences(_options(old), _options(new))]


def input_differences(
    old: Mapping[str, Any], new: Mapping[str, Any], snapshot: Iterable[str]
) -> Iterator[str]:
    """Two `Training.inputs`, what is not known of the new ones left out.

    snapshot: what differs between the folders of their scripts.
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
    """Two folders by path and digest: "file train.py changed"."""
    return [
        f"file {path} {'added' if path not in old else 'removed' if path not in new else 'changed'}"
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    ]


def _changed(key: str, old: Any, new: Any) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, str) and isinstance(new, str) and "\n" in old + new:
        yield from (f"{key}: {line}" for line in line_differences(old, new))
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from (f"{key}.{line}" for line in differences(old, new))
    else:
        yield f"{key}: {_shown(old)} -> {_shown(new)}"


def line_differences(old: str, new: str) -> list[str]:
    """The lines of two texts that differ: "- numpy==2.0" went, "+ numpy==2.1" came."""
    before, after = _lines(old), _lines(new)
    return [f"- {line}" for line in before if line not in after] + [
        f"+ {line}" for line in after if line not in before
    ]


def _lines(text: str) -> list[str]:
    return [line.strip().removeprefix("- ") for line in text.splitlines() if line.strip()]


def _options(arguments: Sequence[Any]) -> dict[str, Any]:
    """Options by name, each with the value behind it; what has no name goes by its position."""
    options: dict[str, Any] = {}
    rest = list(arguments)
    for position, (argument, value) in enumerate(zip_longest(rest, rest[1:])):
        if isinstance(argument, str) and argument.startswith("--"):
            name, _, given = argument.partition("=")
            follows = isinstance(value, str) and not value.startswith("--")
            options[name] = given or (
                value if follows else _shown(value) if isinstance(value, Mapping) else True
            )
        elif position == 0 or not (
            isinstance(rest[position - 1], str) and rest[position - 1].startswith("--")
        ):
            options[str(position)] = argument
    return options


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else repr(value)
