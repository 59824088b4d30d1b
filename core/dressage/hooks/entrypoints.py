"""Read installed plugins from the metadata that every installer writes beside a distribution.

The format is that of the packaging specification: `entry_points.txt` in a `.dist-info` or `.egg-info` folder.
importlib.metadata reads it too, but needs 50 ms for its import and for parsing all distributions; this needs 2 ms.
"""

import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from dressage.specs.plugin_settings import normalize

_FOLDERS = (".dist-info", ".egg-info", "EGG-INFO")
_METADATA = ("METADATA", "PKG-INFO")


class EntryPoint(Struct, frozen=True):
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
        return load_entry(self.value)


def load_entry(value: str) -> Any:
    """Import the module of an entry point, and return what its value names: "module" or "module:attribute"."""
    module, _, attribute = (part.strip() for part in value.partition(":"))
    loaded: Any = import_module(module)
    for name in attribute.split(".") if attribute else ():
        loaded = getattr(loaded, name)
    return loaded


def find_entry_points(
    prefix: str, *, never_hidden: str | None = None, path: Iterable[str] | None = None
) -> Iterator[EntryPoint]:
    """Find the entry points whose group begins with `prefix`, of every distribution on `path` (default: sys.path).

    As with imports, a distribution that comes first on the path hides one of the same name that comes later.
    An entry point of the group `never_hidden` is only hidden by one of the same name.
    """
    hidden: set[str] = set()
    provided: set[tuple[str, str, str]] = set()
    found: set[EntryPoint] = set()
    for folder in dict.fromkeys(sys.path if path is None else path):
        for metadata in _metadata_in(Path(folder or ".")):
            key = normalize(_split(metadata)[0])
            for point in _read(metadata, prefix):
                identity = replace(point, version="", distribution=normalize(point.distribution))
                name = (key, point.group, point.name)
                is_hidden = key in hidden and (point.group != never_hidden or name in provided)
                if identity not in found and not is_hidden:
                    found.add(identity)
                    yield point
                provided.add(name)
            if _has_metadata(metadata):  # a leftover folder without metadata hides nothing
                hidden.add(key)


def _metadata_in(folder: Path) -> list[Any]:
    """Return the metadata folders in a folder or an archive."""
    try:
        found: Iterable[Any] = folder.iterdir()
        if folder.is_file():
            from zipfile import Path as ArchivePath

            found = ArchivePath(folder).iterdir()
        return sorted(
            (path for path in found if path.name.endswith(_FOLDERS)), key=lambda path: str(path.name)
        )
    except Exception:  # not a folder, and not an archive
        return []


def _has_metadata(metadata: Any) -> bool:
    try:
        return any((metadata / name).exists() for name in _METADATA)
    except OSError:
        return False


def _split(metadata: Any) -> tuple[str, str]:
    """Return the distribution's name and version from the name of the folder: "lab-1.2.dist-info"."""
    folder = metadata.parent if metadata.name == "EGG-INFO" else metadata
    name, _, version = folder.name.rpartition(".")[0].partition("-")
    return name, version.partition("-")[0]


def _read(metadata: Any, prefix: str) -> Iterator[EntryPoint]:
    try:
        content: bytes = (metadata / "entry_points.txt").read_bytes()
    except (FileNotFoundError, NotADirectoryError, KeyError):
        return
    except OSError as error:  # it may name a policy
        distribution, version = _split(metadata)
        problem = f"cannot read {str(metadata / 'entry_points.txt')!r}: {error.strerror}; make it readable"
        yield EntryPoint(distribution, "", "", distribution, version, problem)
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
            problem = ""
            if not equals or not value or "\ufffd" in entry:
                problem = f"entry_points.txt has the line {entry!r}; write NAME = MODULE, in UTF-8"
            yield EntryPoint(
                name, group, value.partition("[")[0].strip(), distribution, version, problem or None
            )


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
