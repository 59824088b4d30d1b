"""Installed plugins, read from the metadata that every installer writes beside a distribution.

The format is the packaging specification's (`entry_points.txt` in a `.dist-info` or `.egg-info` folder).
importlib.metadata reads it too, but takes 50 ms to import and to parse every installed distribution; this takes 2.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from dressage.specs.plugin_settings import normalize

_FOLDERS = (".dist-info", ".egg-info", "EGG-INFO")


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """One advertised object. value: "module" or "module:attribute"."""

    name: str
    group: str
    value: str
    distribution: str
    version: str

    @property
    def module(self) -> str:
        return self.value.partition(":")[0].strip()

    def load(self) -> Any:
        loaded: Any = import_module(self.module)
        attribute = self.value.partition(":")[2].strip()
        for name in attribute.split(".") if attribute else ():
            loaded = getattr(loaded, name)
        return loaded


def find_entry_points(prefix: str, path: Iterable[str] | None = None) -> Iterator[EntryPoint]:
    """Find the entry points whose group begins with `prefix`, of every distribution on `path` (default: sys.path).

    As in importing, a distribution that comes first on the path hides one of the same name that comes later.
    """
    seen: set[str] = set()
    for folder in dict.fromkeys(sys.path if path is None else path):
        for metadata in _metadata_in(Path(folder or ".")):
            key = normalize(_split(metadata)[0])
            if key not in seen:
                seen.add(key)
                yield from _read(metadata, prefix)


def _metadata_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.name.endswith(_FOLDERS))
    except OSError:  # an archive, or nothing
        return []


def _split(metadata: Path) -> tuple[str, str]:
    """The distribution's name and version as the name of its folder has them: "lab-1.2.dist-info"."""
    folder = metadata.parent if metadata.name == "EGG-INFO" else metadata
    name, _, version = folder.name.rpartition(".")[0].partition("-")
    return name, version.partition("-")[0]


def _read(metadata: Path, prefix: str) -> Iterator[EntryPoint]:
    try:
        text = (metadata / "entry_points.txt").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return
    if prefix not in text:
        return
    distribution, version = _name_and_version(metadata)
    group = ""
    for line in text.splitlines():
        entry = line.strip()
        if entry.startswith("["):
            group = entry.strip("[] ")
        elif group.startswith(prefix) and "=" in entry and not entry.startswith(("#", ";")):
            name, _, value = entry.partition("=")
            yield EntryPoint(name.strip(), group, value.partition("[")[0].strip(), distribution, version)


def _name_and_version(metadata: Path) -> tuple[str, str]:
    """As the metadata states them; as the folder's name has them, where it states nothing."""
    name, version = _split(metadata)
    found = {"name": name, "version": version}
    for file in ("METADATA", "PKG-INFO"):
        try:
            lines = (metadata / file).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for line in lines[: lines.index("") if "" in lines else None]:
            key, _, value = line.partition(":")
            if key.lower() in found and value.strip():
                found[key.lower()] = value.strip()
        break
    return found["name"], found["version"] or "unknown version"
