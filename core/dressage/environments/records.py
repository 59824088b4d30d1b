"""What the stage remembers, as JSON files, each written whole or not at all.

<root>/KEY/                 a finished environment, with environment.json and lock.txt in it
<root>/resolutions/DIGEST   what a specification resolved to
<root>/names/NAME.json      the last environment of each name
<root>/logs/                what uv said
<root>/building/, locks/    work in progress
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from dressage.environments.signatures import platform_tag, signature_of
from dressage.files.atomic import write_json
from dressage.files.digests import digest_of
from dressage.files.encoding import from_json, to_json

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Python:
    """An interpreter that environments are built on. executable: None where a conda package brings it."""

    version: str
    executable: Path | None = None
    signature: str | None = None

    @property
    def change(self) -> str | None:
        """What became of it since, in a line; None if it is the one it was."""
        if self.executable is None:
            return None
        now = signature_of(self.executable)
        if now is None:
            return f"its Python {str(self.executable)!r} is gone"
        return None if now == self.signature else f"its Python {str(self.executable)!r} was replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a specification came to, enough to build it without asking again.

    requirements: the pip part's lock, with hashes. packages: the conda part's, one exact spec each.
    options, channels: where to get them; not part of the lock, as mirrors hold the same bytes.
    """

    python: Python
    requirements: str
    options: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def lock(self) -> str:
        return "".join(f"# conda: {package}\n" for package in self.packages) + self.requirements

    @property
    def key(self) -> str:
        return digest_of({"lock": self.lock, "python": self.python.version, "platform": platform_tag()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """environment.json. interpreter: relative to the environment's folder, or absolute where it is not in it.

    location: the folder it works in; None if it works wherever it is moved.
    """

    name: str
    key: str
    created: str
    interpreter: str
    python: Python
    conda: str | None = None
    requirements: str | None = None
    location: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What last went by a name: the environment's key, and the description that it was made of."""

    key: str
    conda: str | None = None
    requirements: str | None = None
    indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()


class Records:
    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, key: str) -> Path:
        return self.root / key

    def lock(self, key: str) -> Path:
        return self.root / "locks" / key

    def log(self, name: str, digest: str) -> Path:
        return self.root / "logs" / f"{name}-{digest[:12]}.log"

    def built(self, key: str) -> Built | None:
        return read(Built, self.folder(key) / "environment.json")

    def all_built(self) -> Iterator[Built]:
        for path in self.root.glob("*/environment.json"):
            if record := read(Built, path):
                yield record

    def resolution(self, digest: str) -> Resolution | None:
        return read(Resolution, self.root / "resolutions" / f"{digest}.json")

    def named(self, name: str) -> Named | None:
        return read(Named, self.root / "names" / f"{name}.json")

    def all_named(self) -> Iterator[tuple[str, Named]]:
        for path in self.root.glob("names/*.json"):
            if record := read(Named, path):
                yield path.stem, record

    def keep_resolution(self, digest: str, resolution: Resolution) -> None:
        write(self.root / "resolutions" / f"{digest}.json", resolution)

    def keep_name(self, name: str, named: Named) -> None:
        if self.named(name) != named:
            write(self.root / "names" / f"{name}.json", named)


def read(kind: type[T], path: Path) -> T | None:
    """None for a file that is missing or says nothing sensible: everything here can be made again."""
    try:
        return from_json(kind, json.loads(path.read_text()))
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, to_json(value), indent=1)
