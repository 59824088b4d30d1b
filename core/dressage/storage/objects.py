"""Bytes by content: each object is a read-only file named by its SHA-256.

An object is written aside, checked, and renamed into place: under a digest there is the whole of it or nothing.
What a killed process left aside is swept by the next one that adds; a file that is being written is locked.
"""

import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dressage.errors import StageError
from dressage.files.digests import digest_of_file
from dressage.files.disk import name_in_errors
from dressage.files.locks import FileLock
from dressage.files.trees import copy_file, link_file, remove_tree
from dressage.results.versions import File


class ObjectStore:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._aside = root / "aside"

    def path(self, digest: str) -> Path:
        return self._root / digest[:2] / digest

    def has(self, digest: str) -> bool:
        return bool(digest) and self.path(digest).is_file()

    def add(self, path: Path, name: str | None = None) -> File:
        """Copy a file's bytes in, or find them there. name: what to call the file; its own by default."""
        with name_in_errors(path), self._writing() as aside:
            copy_file(path, aside)
            size = aside.stat().st_size
            return File(path=name or path.name, size=size, sha256=self.adopt(aside))

    def adopt(self, path: Path, digest: str | None = None) -> str:
        """Move a file in that nobody else writes to. digest: its SHA-256 where that was checked already."""
        digest = digest or digest_of_file(path)
        target = self.path(digest)
        if target.exists():
            path.unlink()
            return digest
        target.parent.mkdir(parents=True, exist_ok=True)
        path.chmod(0o444)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # the name must not outlive the bytes when the power goes
        finally:
            os.close(descriptor)
        path.rename(target)
        return digest

    def materialise(self, files: Iterable[File], target: Path) -> None:
        """A read-only folder of these files, without copying where the file system can; left alone if it is there."""
        if target.is_dir():
            return
        aside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
        with name_in_errors(target):
            try:
                for file in files:
                    place = aside / file.path
                    place.parent.mkdir(parents=True, exist_ok=True)
                    link_file(self._existing(file), place)
                aside.mkdir(parents=True, exist_ok=True)
                for folder, _, _ in os.walk(aside, topdown=False):
                    Path(folder).chmod(0o555)
                aside.rename(target)
            except OSError:
                remove_tree(aside)
                if not target.is_dir():  # else another process was first
                    raise

    def copy_out(self, files: Iterable[File], target: Path) -> None:
        """Copy the files below `target`, verified; those that are there already, byte for byte, are left."""
        for file in files:
            place = target / file.path
            if place.is_file() and digest_of_file(place) == file.sha256:
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            aside = place.with_name(f".{place.name}.partial")
            # Its lock is the file itself, and goes where the file goes: who waited takes a new one.
            with name_in_errors(place), FileLock(aside):
                copy_file(self._existing(file), aside)
                if digest_of_file(aside) != file.sha256:
                    aside.unlink()
                    message = f"object {file.sha256} is damaged; remove {str(self.path(file.sha256 or ''))!r}"
                    raise StageError("dataset", f"{message} and run again what made it")
                aside.replace(place)

    def _existing(self, file: File) -> Path:
        path = self.path(file.sha256 or "")
        if not path.is_file():
            raise StageError(
                "dataset", f"the bytes of {file.path!r} are gone from {str(path)!r}; fetch them again"
            )
        return path

    @contextmanager
    def _writing(self) -> Iterator[Path]:
        """A file of our own, aside; locked while we live, gone when we are done."""
        self._aside.mkdir(parents=True, exist_ok=True)
        self._sweep()
        path = self._aside / uuid.uuid4().hex
        with FileLock(path.with_suffix(".lock")):
            try:
                yield path
            finally:
                path.unlink(missing_ok=True)
                path.with_suffix(".lock").unlink(missing_ok=True)

    def _sweep(self) -> None:
        for left in self._aside.glob("*.lock"):
            lock = FileLock(left)
            if lock.acquire(blocking=False):  # held while we sweep: its owner may be about to take it
                left.with_suffix("").unlink(missing_ok=True)
                left.unlink(missing_ok=True)
                lock.release()
