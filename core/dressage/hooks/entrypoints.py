"""Read installed plugins from the metadata that every installer writes beside a distribution.

The format is that of the packaging specification: `entry_points.txt` in a `.dist-info` or `.egg-info` folder.
importlib.metadata reads it too, but needs 50 ms for its import and for parsing all distributions; this needs 2 ms.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from dressage.specs.plugin_settings import normalize

_FOLDERS = (".dist-info", ".egg-info", "EGG-INFO")
_METADATA = ("METADATA", "PKG-INFO")
_ARCHIVES = (".zip", ".egg", ".whl", ".pyz")


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """One entry point of a distribution.

    value: "module" or "module:attribute". problem: why the entry cannot be used; its group and name may be "" then.
    """

    name: str
    group: str
    value: str
    distribution: str
    version: str
    problem: str | None = None

    @property
    def module(self) -> str:
        return self.value.partition(":")[0].strip()

    def load(self) -> Any:
        """Import the module and return the object."""
        loaded: Any = import_module(self.module)
        attribute = self.value.partition(":")[2].strip()
        for name in attribute.split(".") if attribute else ():
            loaded = getattr(loaded, name)
        return loaded


def find_entry_points(
    prefix: str, *, never_hidden: str | None = None, path: Iterable[str] | None = None
) -> Iterator[EntryPoint]:
    """Find the entry points whose group begins with `prefix`, of every distribution on `path` (default: sys.path).

    As with imports, a distribution that comes first on the path hides one of the same name that comes later.
    Entry points of the group `never_hidden` are found even if they are hidden; identical ones once.
    """
    hidden: set[str] = set()
    found: set[EntryPoint] = set()
    for folder in dict.fromkeys(sys.path if path is None else path):
        for metadata in _metadata_in(Path(folder or ".")):
            key = normalize(_split(metadata)[0])
            for point in _read(metadata, prefix):
                identity = replace(point, version="", distribution=normalize(point.distribution))
                if identity not in found and (key not in hidden or point.group == never_hidden):
                    found.add(identity)
                    yield point
            if any(
                (metadata / name).exists() for name in _METADATA
            ):  # a leftover folder without metadata hides nothing
                hidden.add(key)


def _metadata_in(folder: Path) -> list[Any]:
    """Return the metadata folders in a folder or an archive."""
    try:
        found: Iterable[Any] = folder.iterdir()
        if folder.suffix in _ARCHIVES and folder.is_file():
            from zipfile import Path as ArchivePath

            found = ArchivePath(folder).iterdir()
        return sorted(
            (path for path in found if path.name.endswith(_FOLDERS)), key=lambda path: str(path.name)
        )
    except (OSError, ValueError):
        return []


def _split(metadata: Any) -> tuple[str, str]:
    """Return the distribution's name and version from the name of the folder: "lab-1.2.dist-info"."""
    folder = metadata.parent if metadata.name == "EGG-INFO" else metadata
    name, _, version = folder.name.rpartition(".")[0].partition("-")
    return name, version.partition("-")[0]


def _read(metadata: Any, prefix: str) -> Iterator[EntryPoint]:
    try:
        content: bytes = (metadata / "entry_points.txt").read_bytes()
    except (OSError, KeyError):
        return
    if prefix.encode() not in content.lower():
        return
    distribution, version = _name_and_version(metadata)
    group = ""
    for line in content.decode("utf-8-sig", errors="replace").splitlines():
        entry = line.strip()
        if entry.startswith("["):
            group = entry[1:].partition("]")[0].strip().lower()
        elif group.startswith(prefix) and entry and not entry.startswith(("#", ";")):
            name, equals, value = (part.strip() for part in entry.partition("="))
            problem = None
            if not equals or not value or "\ufffd" in entry:
                problem = f"entry_points.txt has the line {entry!r}; write NAME = MODULE, in UTF-8"
            yield EntryPoint(name, group, value.partition("[")[0].strip(), distribution, version, problem)


def _name_and_version(metadata: Any) -> tuple[str, str]:
    """Return the distribution's name and version, from the metadata or else from the name of the folder."""
    name, version = _split(metadata)
    found = {"name": name, "version": version}
    for file in _METADATA:
        try:
            lines = (metadata / file).read_text(encoding="utf-8", errors="replace").splitlines()
        except (OSError, KeyError):
            continue
        for line in lines[: lines.index("") if "" in lines else None]:
            key, _, value = line.partition(":")
            if key.lower() in found and value.strip():
                found[key.lower()] = value.strip()
        break
    return found["name"], found["version"] or "unknown version"
