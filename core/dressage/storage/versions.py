"""Versions of a named thing, counted from 1, one for each content: FOLDER/NAME/VERSION.json.

Adding takes the name's lock, so two processes with the same bytes make one version. The number of a deleted version
is not used again: FOLDER/NAME/VERSION.deleted.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Generic, TypeVar

from msgspec.structs import replace

from dressage.errors import StageError
from dressage.files.atomic import write_json
from dressage.files.encoding import from_json, to_json
from dressage.files.locks import FileLock
from dressage.files.trees import remove_tree
from dressage.results.versions import DatasetVersion, ModelVersion

V = TypeVar("V", DatasetVersion, ModelVersion)


class Versions(Generic[V]):
    def __init__(self, folder: Path, kind: type[V]) -> None:
        self._folder = folder
        self._kind: type[V] = kind

    def folder(self, version: V) -> Path:
        """Where the version's files are materialised."""
        return self._folder / version.name / str(version.version)

    def all(self) -> list[V]:
        """By name, then by version."""
        if not self._folder.is_dir():
            return []
        entries = self._folder.iterdir()
        names = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
        return [version for name in names for version in reversed(list(self.of(name)))]

    def of(self, name: str) -> Iterator[V]:
        """The versions of a name, the newest first."""
        for number in sorted(self._numbers(name), reverse=True):
            with suppress(FileNotFoundError):  # deleted or renamed meanwhile
                yield self._read(name, number)

    def get(self, name: str, number: int) -> V | None:
        try:
            return self._read(name, number)
        except FileNotFoundError:
            return None

    def find(self, name: str, digest: str) -> V | None:
        return next((version for version in self.of(name) if version.digest == digest), None)

    def next(self, name: str) -> int:
        return max([*self._numbers(name), *self._numbers(name, "deleted")], default=0) + 1

    def add(self, name: str, digest: str, make: Callable[[int], V], *, again: bool = False) -> V:
        """The version of that content; `make(number)` says what a new one is, and has its bytes in place.

        again: make a new one even if the content has one.
        """
        with self.lock(name):
            if not again and (found := self.find(name, digest)):
                return found
            version = make(self.next(name))
            write_json(self._file(name, version.version), to_json(version), indent=1)
            return version

    def delete(self, name: str, number: int) -> None:
        """Remove a version and its folder; its number is not given again."""
        version = self._read(name, number)
        self._file(name, number).rename(self._file(name, number).with_suffix(".deleted"))
        remove_tree(self.folder(version))

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Nobody else adds or changes a version of the name meanwhile. Makes the name's folder."""
        lock = FileLock(self._folder / name / ".lock")
        while not lock.is_held:
            (self._folder / name).mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # the name was renamed or deleted while we waited
                lock.acquire()
        with lock.release_at_end():
            yield

    def forget(self, name: str) -> None:
        """Remove the folder of a name that has no versions. Its lock is held."""
        remove_tree(self._folder / name)

    def _read(self, name: str, number: int) -> V:
        """The name is the folder's: it may have been renamed."""
        path = self._file(name, number)
        try:
            return replace(from_json(self._kind, json.loads(path.read_text())), name=name)
        except (ValueError, TypeError, RecursionError, IsADirectoryError) as error:
            kind = "model" if self._kind is ModelVersion else "dataset"
            raise StageError(
                kind, f"{str(path)!r} is damaged ({error}); move it away to use the others"
            ) from error

    def _file(self, name: str, number: int) -> Path:
        return self._folder / name / f"{number}.json"

    def _numbers(self, name: str, suffix: str = "json") -> list[int]:
        folder = self._folder / name
        found = folder.glob(f"*.{suffix}") if folder.is_dir() else ()
        return [int(file.stem) for file in found if file.stem.isdecimal()]
