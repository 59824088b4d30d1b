"""Versions of a named thing, counted from 1, one for each content: FOLDER/NAME/VERSION.json.

Whoever adds holds the name's lock, so that two processes with the same bytes make one version.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

from dressage.encoding import from_json, to_json
from dressage.handles import DatasetVersion, ModelVersion
from dressage.locks import FileLock
from dressage.whole import write_json

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
        names = sorted(entry.name for entry in self._folder.iterdir() if entry.is_dir())
        return [version for name in names for version in reversed(list(self.of(name)))]

    def of(self, name: str) -> Iterator[V]:
        """The versions of a name, the newest first."""
        for number in sorted(self._numbers(name), reverse=True):
            yield from_json(self._kind, json.loads(self._file(name, number).read_text()))

    def find(self, name: str, digest: str) -> V | None:
        return next((version for version in self.of(name) if version.digest == digest), None)

    def next(self, name: str) -> int:
        return max(self._numbers(name), default=0) + 1

    def add(self, name: str, digest: str, make: Callable[[int], V]) -> V:
        """The version of that content; `make(number)` says what a new one is, and has its bytes in place."""
        (self._folder / name).mkdir(parents=True, exist_ok=True)
        with FileLock(self._folder / name / ".lock"):
            if found := self.find(name, digest):
                return found
            version = make(self.next(name))
            write_json(self._file(name, version.version), to_json(version), indent=1)
            return version

    def _file(self, name: str, number: int) -> Path:
        return self._folder / name / f"{number}.json"

    def _numbers(self, name: str) -> list[int]:
        folder = self._folder / name
        return [int(file.stem) for file in folder.glob("*.json")] if folder.is_dir() else []
