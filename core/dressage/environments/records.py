"""Records of environments: JSON files that are written atomically.

<root>/KEY/                 a finished environment, with environment.json and lock.txt
<root>/resolutions/DIGEST   the resolution of a specification
<root>/names/NAME.json      the latest environment of each name
<root>/logs/                the output of uv
<root>/wheels/DIGEST/       the wheels that were built for a specification
<root>/building/, locks/    build folders and locks
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from dressage.environments.signatures import platform_tag, signature_of
from dressage.files.atomic import write_json
from dressage.files.digests import digest_of
from dressage.files.encoding import from_json, to_json
from dressage.files.regular import read_regular
from dressage.results.damage import Damage
from dressage.specs.environments import Project

T = TypeVar("T")


class Python(Struct, frozen=True, kw_only=True):
    """The interpreter of an environment. executable: None if a conda package contains it."""

    version: str
    executable: Path | None = None
    signature: str | None = None

    @property
    def change(self) -> str | None:
        """How the interpreter has changed, in one line; None if it has not."""
        if self.executable is None:
            return None
        now = signature_of(self.executable)
        if now is None:
            return f"its Python {str(self.executable)!r} no longer exists"
        return None if now == self.signature else f"its Python {str(self.executable)!r} was replaced"


class Resolution(Struct, frozen=True, kw_only=True):
    """The resolution of a specification: everything that is needed to build it.

    requirements: the lock of the pip packages, with hashes. packages: the conda packages, one exact spec each.
    options, channels: where to download from; not part of the lock, because mirrors have the same files.
    """

    python: Python
    requirements: str
    options: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}

    @property
    def lock(self) -> str:
        """All packages, as a requirements file; conda packages are comments."""
        return "".join(f"# conda: {package}\n" for package in self.packages) + self.requirements

    @property
    def key(self) -> str:
        return digest_of({"lock": self.lock, "python": self.python.version, "platform": platform_tag()})


class BuiltEnvironment(Struct, frozen=True, kw_only=True):
    """The content of environment.json.

    interpreter: its path, relative to the environment's folder, or absolute if it is elsewhere.
    location: the only folder in which the environment works; None if it can be moved.
    """

    name: str
    key: str
    created: str
    interpreter: str
    python: Python
    conda: str | None = None
    requirements: str | None = None
    constraints: str | None = None
    project: Project | None = None
    location: Path | None = None


class NamedEnvironment(Struct, frozen=True, kw_only=True):
    """The latest environment of a name: its key, and the description that it was built from."""

    key: str
    conda: str | None = None
    requirements: str | None = None
    constraints: str | None = None
    project: Project | None = None
    builds: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()


class Records:
    """The records below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, key: str) -> Path:
        return self.root / key

    def lock(self, key: str) -> Path:
        return self.root / "locks" / key

    def wheels(self, digest: str) -> Path:
        return self.root / "wheels" / digest

    def log(self, name: str, digest: str) -> Path:
        return self.root / "logs" / f"{name}-{digest[:12]}.log"

    def read_environment(self, key: str) -> BuiltEnvironment | None:
        """Return the record of a built environment; None if it is missing or damaged."""
        return read(BuiltEnvironment, self.folder(key) / "environment.json")

    def all_environments(self) -> Iterator[BuiltEnvironment]:
        """Yield the records of all built environments."""
        for path in self.root.glob("*/environment.json"):
            if record := read(BuiltEnvironment, path):
                yield record

    def find_damage(self) -> Iterator[Damage]:
        """Yield the records that cannot be read."""
        kinds: dict[str, type] = {
            "*/environment.json": BuiltEnvironment,
            "resolutions/*.json": Resolution,
            "names/*.json": NamedEnvironment,
        }
        for pattern, kind in kinds.items():
            for path in sorted(self.root.glob(pattern)):
                if read(kind, path) is None:
                    yield Damage(path=path, problem="not a record", advice="delete it: it is made again")

    def read_resolution(self, digest: str) -> Resolution | None:
        return read(Resolution, self.root / "resolutions" / f"{digest}.json")

    def read_name(self, name: str) -> NamedEnvironment | None:
        """Return the latest environment of a name; None if the name is new."""
        return read(NamedEnvironment, self.root / "names" / f"{name}.json")

    def all_names(self) -> Iterator[tuple[str, NamedEnvironment]]:
        """Yield each name with its latest environment."""
        for path in self.root.glob("names/*.json"):
            if record := read(NamedEnvironment, path):
                yield path.stem, record

    def keep_resolution(self, digest: str, resolution: Resolution) -> None:
        write(self.root / "resolutions" / f"{digest}.json", resolution)

    def keep_name(self, name: str, environment: NamedEnvironment) -> None:
        if self.read_name(name) != environment:
            write(self.root / "names" / f"{name}.json", environment)


def read(kind: type[T], path: Path) -> T | None:
    """Read a record; None if the file is missing or damaged, because every record can be created again."""
    try:
        return from_json(kind, json.loads(read_regular(path)))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return None


def write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, to_json(value), indent=1)
