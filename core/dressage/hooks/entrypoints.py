"""Installed plugins, read from the metadata that every installer writes beside a distribution.

The format is the packaging specification's (`entry_points.txt` in a `.dist-info` folder). importlib.metadata
reads it too, but takes 50 ms to import and to parse every installed distribution; this takes 2.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class EntryPoint:
    """One advertised object. value: "module" or "module:attribute". source: "distribution version"."""

    name: str
    group: str
    value: str
    source: str

    def load(self) -> Any:
        module, _, attribute = self.value.partition(":")
        loaded: Any = import_module(module.strip())
        for name in attribute.strip().split(".") if attribute.strip() else ():
            loaded = getattr(loaded, name)
        return loaded


def found(groups: Iterable[str], path: Iterable[str] | None = None) -> Iterator[EntryPoint]:
    """The entry points of some groups, of every distribution on `path` (sys.path by default).

    As in importing, what comes first on the path hides what comes later under the same name.
    """
    seen: set[tuple[str, str]] = set()
    for folder in sys.path if path is None else path:
        for metadata in sorted(Path(folder or ".").glob("*.dist-info/entry_points.txt")):
            for group, name, value in _parsed(metadata, dict.fromkeys(groups)):
                if (group, name) not in seen:
                    seen.add((group, name))
                    source = " ".join(metadata.parent.name.removesuffix(".dist-info").split("-")[:2])
                    yield EntryPoint(name, group, value, source)


def _parsed(file: Path, groups: Mapping[str, None]) -> Iterator[tuple[str, str, str]]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return
    group = ""
    for line in text.splitlines():
        entry = line.strip()
        if entry.startswith("["):
            group = entry.strip("[] ")
        elif group in groups and "=" in entry and not entry.startswith("#"):
            name, _, value = entry.partition("=")
            yield group, name.strip(), value.partition("[")[0].strip()
