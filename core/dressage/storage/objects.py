"""The object store: each object is a read-only file, named by the SHA-256 of its bytes.

An object is written to a temporary file, checked, and renamed to its digest: it is complete or does not exist. A
temporary file is locked while it is being written. Unlocked ones were left by killed processes; the next process that
adds an object removes them.
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
    """The objects below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._aside = root / "aside"

    def path(self, digest: str) -> Path:
        """Return the path of an object, which may not exist."""
        return self._root / digest[:2] / digest

    def has(self, digest: str) -> bool:
        """Return whether the object exists."""
        return bool(digest) and self.path(digest).is_file()

    def add(self, path: Path, name: str | None = None) -> File:
        """Copy a file into the store, unless it has the bytes. name: the path in the result; default: its own."""
        with name_in_errors(path), self._temporary_file() as temporary:
            copy_file(path, temporary)
            size = temporary.stat().st_size
            return File(path=name or path.name, size=size, sha256=self.adopt(temporary))

    def adopt(self, path: Path, digest: str | None = None) -> str:
        """Move a file into the store; no other process may write to it. digest: its SHA-256, if already checked."""
        digest = digest or digest_of_file(path)
        target = self.path(digest)
        if target.exists():
            path.unlink()
            return digest
        target.parent.mkdir(parents=True, exist_ok=True)
        path.chmod(0o444)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # after a power failure, the name must not exist without the bytes
        finally:
            os.close(descriptor)
        path.rename(target)
        return digest

    def materialise(self, files: Iterable[File], target: Path) -> None:
        """Create a read-only folder of these files, by hard links if possible; do nothing if the folder exists."""
        if target.is_dir():
            return
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
        with name_in_errors(target):
            try:
                for file in files:
                    place = temporary / file.path
                    place.parent.mkdir(parents=True, exist_ok=True)
                    link_file(self._existing(file), place)
                temporary.mkdir(parents=True, exist_ok=True)
                for folder, _, _ in os.walk(temporary, topdown=False):
                    Path(folder).chmod(0o555)
                temporary.rename(target)
            except OSError:
                remove_tree(temporary)
                if not target.is_dir():  # otherwise another process created it
                    raise

    def copy_out(self, files: Iterable[File], target: Path) -> None:
        """Copy the files below `target` and verify them; existing files with the same bytes are kept."""
        for file in files:
            place = target / file.path
            if place.is_file() and digest_of_file(place) == file.sha256:
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            temporary = place.with_name(f".{place.name}.partial")
            # The temporary file is its own lock. It is renamed under the lock; waiters then lock a new file.
            with name_in_errors(place), FileLock(temporary):
                copy_file(self._existing(file), temporary)
                if digest_of_file(temporary) != file.sha256:
                    temporary.unlink()
                    message = f"object {file.sha256} is damaged; remove {str(self.path(file.sha256 or ''))!r}"
                    raise StageError("dataset", f"{message} and repeat the command that created it")
                temporary.replace(place)

    def _existing(self, file: File) -> Path:
        path = self.path(file.sha256 or "")
        if not path.is_file():
            raise StageError(
                "dataset",
                f"the content of {file.path!r} is missing: {str(path)!r} was deleted; download it again",
            )
        return path

    @contextmanager
    def _temporary_file(self) -> Iterator[Path]:
        """Create a temporary file that is locked while it is in use, and removed at the end of the block."""
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
            if lock.acquire(blocking=False):  # hold it while removing: its owner may be about to lock it
                left.with_suffix("").unlink(missing_ok=True)
                left.unlink(missing_ok=True)
                lock.release()
