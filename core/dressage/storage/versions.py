"""Versions of datasets and models, counted from 1, one for each content: FOLDER/NAME/VERSION.json.

Adding a version locks the name, so that two processes with the same bytes create one version. The number of a deleted
version is not used again: FOLDER/NAME/VERSION.deleted marks it.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec.structs import replace

from dressage.errors import StageError
from dressage.files.atomic import write_bytes
from dressage.files.digests import check_digest
from dressage.files.encoding import from_json, to_json
from dressage.files.locks import FileLock
from dressage.files.regular import read_regular
from dressage.files.syncing import sync_folder
from dressage.files.trees import remove_tree
from dressage.results.damage import Damage, damage_of, warn_once
from dressage.results.versions import DatasetVersion, ModelVersion

V = TypeVar("V", DatasetVersion, ModelVersion)
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
"""What `str` makes of a version's number; a copy of its file, such as "1 (copy).json", has another name."""


class Versions(Generic[V]):
    """The versions below `folder`. kind: DatasetVersion or ModelVersion."""

    def __init__(self, folder: Path, kind: type[V]) -> None:
        self._folder = folder
        self._kind: type[V] = kind

    def folder(self, version: V) -> Path:
        """Return the folder of the version's files."""
        return self._folder / version.name / str(version.version)

    def all(self) -> list[V]:
        """Return all versions, sorted by name and number."""
        return [version for name in self._names() for version in reversed(list(self.of(name)))]

    def iterate(self) -> Iterator[V]:
        """Yield all versions, one at a time: a version may have many files."""
        for name in self._names():
            yield from self.of(name)

    def of(self, name: str) -> Iterator[V]:
        """Yield the versions of a name, the newest first."""
        for number in sorted(self._numbers(name), reverse=True):
            try:
                yield self._read(name, number)
            except FileNotFoundError:  # deleted or renamed in the meantime
                continue
            except StageError as error:  # the others can be used
                warn_once(f"{error}; it is left out")

    def find_damage(self) -> Iterator[Damage]:
        """Yield the versions that cannot be read, and what else should not be here."""
        for name in self._names():
            for number in sorted(self._numbers(name)):
                with suppress(FileNotFoundError):
                    yield from damage_of(self._file(name, number), lambda: self._read(name, number))  # noqa: B023

    def get(self, name: str, number: int) -> V | None:
        """Return one version; None if it does not exist. Raises StageError if it is damaged."""
        try:
            return self._read(name, number)
        except FileNotFoundError:
            return None

    def find(self, name: str, digest: str) -> V | None:
        """Return the newest version with this content that is not damaged; None if there is none."""
        for number in sorted(self._numbers(name), reverse=True):
            with suppress(FileNotFoundError, StageError):  # deleted or renamed in the meantime, or damaged
                if self._digest(name, number) == digest:
                    return self._read(name, number)
        return None

    def next(self, name: str) -> int:
        """Return the next free version number."""
        return max([*self._numbers(name), *self._numbers(name, "deleted")], default=0) + 1

    def add(self, name: str, digest: str, make: Callable[[int], V], *, again: bool = False) -> V:
        """Return the version with this content, or add one. `make(number)` creates it and stores its files.

        again: add a version even if there is one with this content.
        """
        with self.lock(name):
            if not again and (found := self.find(name, digest)):
                return found
            version = make(self.next(name))
            write_bytes(self._file(name, version.version), _encode(version), durable=True)
            if version.version == 1:
                sync_folder(self._folder)
            return version

    def delete(self, name: str, number: int) -> None:
        """Remove a version and its folder; its number is not used again."""
        version = self._read(name, number)
        self._file(name, number).rename(self._file(name, number).with_suffix(".deleted"))
        remove_tree(self.folder(version))

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the name's lock: no other process adds or changes its versions. Creates the name's folder."""
        lock = FileLock(self._folder / name / ".lock")
        while not lock.is_held:
            (self._folder / name).mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # the name was renamed or deleted while we waited
                lock.acquire()
        with lock.release_at_end():
            yield

    def forget(self, name: str) -> None:
        """Remove the folder of a name without versions. The caller holds its lock."""
        remove_tree(self._folder / name)

    def _names(self) -> list[str]:
        if not self._folder.is_dir():
            return []
        entries = self._folder.iterdir()
        return sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))

    def _read(self, name: str, number: int) -> V:
        """Read a version. Its name is the folder's, because the model may have been renamed."""
        path = self._file(name, number)
        try:
            version = replace(_decode(read_regular(path), self._kind), name=name)
            _check(version, number)
        except FileNotFoundError:
            raise
        except (OSError, ValueError, TypeError, RecursionError) as error:
            kind = "model" if self._kind is ModelVersion else "dataset"
            reason = error.strerror if isinstance(error, OSError) else str(error) or type(error).__name__
            raise StageError(
                kind, f"{str(path)!r} is damaged ({reason}); move it elsewhere, and register the {kind} again"
            ) from error
        return version

    def _digest(self, name: str, number: int) -> str | None:
        """Return a version's digest, without its files; None if the description is damaged: `_read` says how."""
        try:
            return msgspec.json.decode(read_regular(self._file(name, number)), type=_Head).digest
        except (ValueError, OSError, RecursionError):
            return self._read(name, number).digest

    def _file(self, name: str, number: int) -> Path:
        return self._folder / name / f"{number}.json"

    def _numbers(self, name: str, suffix: str = "json") -> list[int]:
        folder = self._folder / name
        found = folder.glob(f"*.{suffix}") if folder.is_dir() else ()
        return [int(file.stem) for file in found if _NUMBER.fullmatch(file.stem)]


class _Head(msgspec.Struct):
    digest: str


def _check(version: DatasetVersion | ModelVersion, number: int) -> None:
    """Raise ValueError for what the types of the fields do not show."""
    if version.version != number:
        raise ValueError(f"it describes version {version.version}")
    datetime.fromisoformat(version.created)
    for file in version.files:
        if file.sha256 is not None:
            check_digest(file.sha256)


def _encode(version: DatasetVersion | ModelVersion) -> bytes:
    """Encode a description. A dataset may have many files, but names that are not Unicode need the slower way."""
    if isinstance(version, DatasetVersion):  # the metrics of a model may be NaN
        with suppress(UnicodeEncodeError):
            return msgspec.json.format(msgspec.json.encode(version), indent=1) + b"\n"
    return (json.dumps(to_json(version), indent=1) + "\n").encode()


def _decode(content: bytes, kind: type[V]) -> V:
    """Decode a description. What is only JSON for Python, such as NaN, needs the slower way."""
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.MsgspecError:
        return from_json(kind, json.loads(content))
