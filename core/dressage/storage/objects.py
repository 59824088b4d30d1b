"""The object store: each object is a read-only file, named by the SHA-256 of its bytes.

Objects are written to a staging folder, brought to the disk, and renamed to their digests: an object is complete or
does not exist. The hash cache has the stamp of each object. One whose stamp has changed is read again, and if its
bytes are wrong, it is moved to the quarantine; it counts as missing then.
"""

import os
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from dressage.errors import StageError
from dressage.files.copying import ChangedError, Count, copy_file, copy_once
from dressage.files.digests import digest_of, digest_of_file
from dressage.files.disk import describe, name_in_errors
from dressage.files.locks import FileLock
from dressage.files.stamps import Stamp, settle, stamp_of
from dressage.files.syncing import sync_files, sync_folder
from dressage.files.trees import link_file, make_read_only, remove_tree
from dressage.results.damage import Damage
from dressage.results.versions import File
from dressage.storage.hash_cache import HashCache
from dressage.storage.staging import staging_folder


class Staged(NamedTuple):
    """A file in a staging folder, complete and read-only. name: the file's path in its dataset or model."""

    path: str
    name: str
    stamp: Stamp
    sha256: str
    read_ns: int


class ObjectStore:
    """The objects below `root`, which is a folder of the workspace. hashes: the workspace's hash cache."""

    def __init__(self, root: Path, hashes: HashCache | None = None) -> None:
        self._root = root
        self._text = str(root)
        self.hashes = hashes or HashCache(root.parent)
        self.aside = root / "aside"
        self._quarantine = root.parent / "quarantine"

    def path(self, digest: str) -> Path:
        """Return the path of an object, which may not exist."""
        return self._root / digest[:2] / digest

    def has(self, digest: str) -> bool:
        """Return whether the object exists and has not been changed."""
        return bool(digest) and digest in self.find([digest])

    def find(self, digests: Sequence[str]) -> dict[str, Stamp]:
        """Return the stamps of those objects that exist and have not been changed."""
        stamps = {digest: stamp for digest in digests if (stamp := _stamp(self.location(digest)))}
        known = self.hashes.find([(self.location(digest), stamp) for digest, stamp in stamps.items()])
        for (digest, _), found in zip(list(stamps.items()), known, strict=True):
            if found != digest and self.hashes.digest(self.location(digest)) != digest:
                del stamps[digest]
        return stamps

    @property
    def root(self) -> Path:
        """The folder of the objects."""
        return self._root

    def find_damage(self) -> Iterator[Damage]:
        """Yield the objects whose bytes do not match their names. Those that have not changed are not read."""
        advice = "move it elsewhere; the next run that needs it gets it again from its source"
        for path in sorted(self._root.glob("[0-9a-f][0-9a-f]/*")):
            try:
                if not path.is_file() or self.hashes.digest(path) != path.name:
                    yield Damage(path=path, problem="its bytes do not match its name", advice=advice)
            except OSError as error:
                yield Damage(path=path, problem=describe(error), advice=advice)

    def location(self, digest: str) -> str:
        """Return the object's path as text, which is faster."""
        return f"{self._text}/{digest[:2]}/{digest}"

    def add(self, path: Path, name: str | None = None) -> File:
        """Copy a file into the store, unless it has the bytes. name: the path in the result; default: its own."""
        return self.add_all([(str(path), name or path.name)])[0]

    def add_all(self, files: Iterable[tuple[str, str]]) -> tuple[File, ...]:
        """Copy files into the store. files: the path of each, and its path in the result."""
        with staging_folder(self.aside) as folder:
            staged = [
                self.stage(path, name, f"{folder}/{number}", None)
                for number, (path, name) in enumerate(files)
            ]
            return self.place(staged)

    def stage(
        self, path: str, name: str, target: str, known: tuple[Stamp, str] | None, count: Count | None = None
    ) -> Staged:
        """Copy a file into a staging folder. known: its stamp and digest, if known; then it is not hashed again.

        count: called with the number of bytes that were copied. Raises StageError if the file changes meanwhile.
        """
        try:
            copied = copy_once(path, target, expected=known and known[0], count=count)
        except ChangedError as error:
            message = f"file {path!r} changed while it was being copied; run the command again"
            raise StageError("dataset", message) from error
        except OSError as error:
            error.filename = error.filename or path  # a write to a full disk names no file
            raise
        digest = known[1] if known else str(copied.sha256)
        self.hashes.add(path, copied.source, digest, copied.read_ns)
        return Staged(target, name, copied.copy, digest, copied.read_ns)

    def place(self, staged: Sequence[Staged]) -> tuple[File, ...]:
        """Move staged files to their places in the store, and return what they are."""
        there = self.find(list({file.sha256 for file in staged}))
        new = {file.sha256: file for file in staged if file.sha256 not in there}
        with name_in_errors(self._root):
            sync_files([file.path for file in new.values()])
            for file in new.values():
                self._place(file)
            sync_files(sorted({self.location(digest)[:-65] for digest in new}))
        self.hashes.save()
        return tuple(File(path=file.name, size=file.stamp.size, sha256=file.sha256) for file in staged)

    def adopt(self, path: Path, digest: str | None = None) -> str:
        """Move a file into the store; no other process may write to it. digest: its SHA-256, if already checked."""
        digest = digest or digest_of_file(path)
        make_read_only(path)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            stamp = settle(descriptor)
        finally:
            os.close(descriptor)
        self.place([Staged(str(path), path.name, stamp, digest, time.time_ns())])
        path.unlink(missing_ok=True)
        return digest

    def quarantine(self, path: str) -> str | None:
        """Move a file that has wrong bytes out of the way. Returns its new path; None if it does not exist."""
        self._quarantine.mkdir(exist_ok=True)
        target = self._quarantine / f"{uuid.uuid4().hex[:8]}-{os.path.basename(path)[:200]}"  # noqa: PTH119
        try:
            Path(path).rename(target)
        except FileNotFoundError:
            return None
        return str(target)

    def materialise(self, files: Iterable[File], target: Path) -> bool:
        """Create a read-only folder of these files, by hard links if possible.

        Returns False, and does nothing, if the folder exists.
        """
        if target.is_dir():
            return False
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
        with name_in_errors(target):
            try:
                self._link_all(files, temporary)
                temporary.rename(target)
            except (OSError, StageError):
                remove_tree(temporary)
                if not target.is_dir():  # otherwise another process created it
                    raise
                return False
        return True

    def copy_out(self, files: Iterable[File], target: Path) -> None:
        """Copy the files below `target` and verify them; existing files with the same bytes are kept."""
        for file in files:
            place = target / file.path
            if place.is_file() and digest_of_file(place) == file.sha256:
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            temporary = place.with_name(
                f".{digest_of(place.name)[:16]}.partial"
            )  # no longer than the name may be
            # The temporary file is its own lock. It is renamed under the lock; waiters then lock a new file.
            with name_in_errors(place), FileLock(temporary):
                copy_file(self._existing(file), temporary)
                if digest_of_file(temporary) != file.sha256:
                    temporary.unlink()
                    message = f"object {file.sha256} is damaged; remove {str(self.path(file.sha256 or ''))!r}"
                    raise StageError("dataset", f"{message} and repeat the command that created it")
                temporary.replace(place)

    def _place(self, file: Staged) -> None:
        target = self.location(file.sha256)
        if _stamp(target):
            if self.has(file.sha256):  # another process has just added it
                return
            self.quarantine(target)
        try:
            os.rename(file.path, target)  # noqa: PTH104 - a Path for each file is slow
        except FileNotFoundError:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            Path(file.path).rename(target)
            sync_folder(self._root)
        self.hashes.add(target, file.stamp, file.sha256, file.read_ns)

    def _link_all(self, files: Iterable[File], folder: Path) -> None:
        root, made = str(folder), {""}
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            parent = file.path.rpartition("/")[0]
            if parent not in made:
                (folder / parent).mkdir(parents=True, exist_ok=True)
                made.add(parent)
            try:
                link_file(self.location(file.sha256 or ""), f"{root}/{file.path}")
            except FileNotFoundError:
                raise self._missing(file) from None
        for inner, _, _ in os.walk(folder, topdown=False):
            make_read_only(inner)

    def _existing(self, file: File) -> Path:
        path = self.path(file.sha256 or "")
        if not path.is_file():
            raise self._missing(file)
        return path

    def _missing(self, file: File) -> StageError:
        path = str(self.path(file.sha256 or ""))
        message = f"the content of {file.path!r} is missing: {path!r} was deleted; download it again"
        return StageError("dataset", message)


def _stamp(path: str) -> Stamp | None:
    try:
        return stamp_of(os.stat(path))  # noqa: PTH116 - a Path for each object is slow
    except FileNotFoundError:
        return None
