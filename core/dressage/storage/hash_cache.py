"""A cache of digests: a file whose size, modification time and inode have not changed is not read again.

It is `hashes.sqlite` in the workspace. It may be deleted at any time: then files are read once more. Without a
workspace, digests are kept in memory. A cache that is locked, damaged or read-only is not used, and no command fails.
"""

import hashlib
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dressage.files.permissions import create_database
from dressage.files.stamps import Stamp, is_settled, stamp_of

if TYPE_CHECKING:
    import sqlite3

_VERSION = 2
_SCHEMA = f"""
BEGIN;
DROP TABLE IF EXISTS file;
CREATE TABLE file (
    path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, inode INTEGER, sha256 BLOB, checksum INTEGER
) WITHOUT ROWID;
PRAGMA user_version = {_VERSION};
COMMIT;
"""
_CHUNK = 500
"""Files in one query."""
_LOOKED_UP = 5_000
"""Files that are looked up at a time."""
_SAVE_FROM = 10_000
"""New digests that are kept in memory before they are written."""
_REMEMBERED = 10_000
"""Written digests that are kept in memory: a process that starts many runs asks for the same files each time."""
_BUFFER_BYTES = 256 << 10
_PARALLEL_FROM_BYTES = 32 << 20
_LOCK_WAIT_S = 1.0


_Entry = tuple[tuple[int, int, int], bytes]
"""A stamp and a digest."""


class Hashed(NamedTuple):
    """stamp: of the file before it was read, with the number of bytes that were read as its size."""

    path: str
    stamp: Stamp
    sha256: str


class HashCache:
    """The digests of files, as far as they were read before.

    root: the workspace's folder. Files below it are known by their relative path, so that a workspace can be moved.
    """

    def __init__(self, root: Path) -> None:
        self._path = root / "hashes.sqlite"
        self._marker = root / "workspace.json"
        self._prefix = f"{root}/"
        self._unsaved: dict[bytes, _Entry] = {}
        self._remembered: dict[bytes, _Entry] = {}
        self._guard = threading.Lock()
        self._is_usable = True

    def digest(self, path: str | Path) -> str:
        """Return the file's SHA-256; read the file only if it has changed. Raises OSError."""
        [found] = self.digests([str(path)])
        return found.sha256

    def digests(self, paths: Iterable[str]) -> Iterator[Hashed]:
        """Yield the digest of each file, in order; read only those that have changed. Raises OSError."""
        return self.digests_of((path, stamp_of(os.stat(path))) for path in paths)  # noqa: PTH116 - Paths are slow

    def digests_of(self, files: Iterable[tuple[str, Stamp]]) -> Iterator[Hashed]:
        """Yield the digest of each file, in order. files: each path with its stamp now. Raises OSError."""
        left = iter(files)
        while chunk := list(islice(left, _LOOKED_UP)):
            known = self.find(chunk)
            new = [file for file, digest in zip(chunk, known, strict=True) if digest is None]
            read = self._read_all(new)
            for (path, stamp), digest in zip(chunk, known, strict=True):
                yield next(read) if digest is None else Hashed(path, stamp, digest)
        self.save()

    def find(self, files: Sequence[tuple[str, Stamp]]) -> list[str | None]:
        """Return the digests of files that have these stamps, in order; None for a file that must be read."""
        return [
            digest
            for start in range(0, len(files), _LOOKED_UP)
            for digest in self._find(files[start : start + _LOOKED_UP])
        ]

    def add(self, path: str, stamp: Stamp, sha256: str, read_ns: int) -> None:
        """Note a digest, unless the file could be changed without a change of its stamp.

        read_ns: when the file was read completely, in ns since 1970.
        """
        if not is_settled(stamp, read_ns):
            return
        with self._guard:
            self._unsaved[self._key(path)] = (stamp, bytes.fromhex(sha256))
            is_full = len(self._unsaved) >= _SAVE_FROM
        if is_full:
            self.save()

    def save(self) -> None:
        """Write new digests to the workspace, if there is one."""
        if not self._unsaved or not self._is_usable or not self._marker.exists():
            return
        with self._guard:
            rows = [
                (key, *stamp, digest, _checksum(key, stamp, digest))
                for key, (stamp, digest) in self._unsaved.items()
            ]
            if self._use(lambda connection: _write(connection, rows)) is not None:
                self._remember(self._unsaved)
                self._unsaved.clear()

    def _find(self, files: Sequence[tuple[str, Stamp]]) -> list[str | None]:
        keys = [self._key(path) for path, _ in files]
        stamps = dict(zip(keys, (stamp for _, stamp in files), strict=True))
        with self._guard:
            found = ((key, self._unsaved.get(key) or self._remembered.get(key)) for key in stamps)
            known = {key: entry for key, entry in found if entry and entry[0] == stamps[key]}
        if left := [key for key in stamps if key not in known]:
            loaded = self._load(left)
            with self._guard:
                self._remember(loaded)
            known.update(loaded)
        entries = (known.get(key) for key in keys)
        return [
            entry[1].hex() if entry is not None and entry[0] == stamp else None
            for entry, (_, stamp) in zip(entries, files, strict=True)
        ]

    def _remember(self, entries: dict[bytes, _Entry]) -> None:
        """Keep digests that are in the database. They stay true: another stamp would be another entry."""
        if len(self._remembered) + len(entries) > _REMEMBERED:
            self._remembered.clear()
        if len(entries) <= _REMEMBERED:
            self._remembered.update(entries)

    def _read_all(self, files: Sequence[tuple[str, Stamp]]) -> Iterator[Hashed]:
        """Read files, several at a time if they are large."""
        paths = [path for path, _ in files]
        if len(files) < 2 or sum(stamp.size for _, stamp in files) < _PARALLEL_FROM_BYTES:
            return map(self._read, paths)
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return iter(list(pool.map(self._read, paths)))

    def _read(self, path: str) -> Hashed:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a Path for each file is slow
            before = stamp_of(os.fstat(file.fileno()))
            digest, size = _digest(file.fileno(), before.size)
            read_ns = time.time_ns()
            after = stamp_of(os.fstat(file.fileno()))
        if after == before:
            self.add(path, after, digest, read_ns)
        return Hashed(path, before._replace(size=size), digest)

    def _key(self, path: str) -> bytes:
        return path.removeprefix(self._prefix).encode(errors="surrogateescape")

    def _load(self, keys: list[bytes]) -> dict[bytes, _Entry]:
        if not self._is_usable or not self._path.exists():
            return {}
        rows = self._use(lambda connection: _select(connection, keys)) or ()
        return {row[0]: (row[1:4], row[4]) for row in rows if row[5] == _checksum(row[0], row[1:4], row[4])}

    def _use(self, work: "Callable[[sqlite3.Connection], list[Any]]") -> list[Any] | None:
        """Call a function with the open database. Returns None if it cannot be used."""
        import sqlite3

        from dressage.files.databases import is_unavailable, remove_database

        create_database(self._path)
        try:
            with closing(sqlite3.connect(self._path, timeout=_LOCK_WAIT_S)) as connection, connection:
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if version == 1:
                    _add_checksums(connection)
                elif version != _VERSION:
                    connection.execute("PRAGMA journal_mode = WAL")
                    connection.executescript(_SCHEMA)
                connection.execute("PRAGMA synchronous = NORMAL")
                return work(connection)
        except sqlite3.DatabaseError as error:
            if is_unavailable(error):
                self._is_usable = False
            else:
                remove_database(self._path)  # damaged: the next call makes a new one
        return None


def _add_checksums(connection: "sqlite3.Connection") -> None:
    """Keep the digests of a cache of version 1, which had none."""
    connection.create_function("checksum_of", 5, lambda key, *row: _checksum(key, row[:3], row[3]))
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ALTER TABLE file ADD COLUMN checksum INTEGER")
    connection.execute("UPDATE file SET checksum = checksum_of(path, size, mtime_ns, inode, sha256)")
    connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.commit()


def _select(connection: "sqlite3.Connection", keys: list[bytes]) -> list[Any]:
    found: list[Any] = []
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        marks = ",".join("?" * len(chunk))
        query = f"SELECT path, size, mtime_ns, inode, sha256, checksum FROM file WHERE path IN ({marks})"  # noqa: S608
        found += connection.execute(query, chunk)
    return found


def _write(connection: "sqlite3.Connection", rows: list[Any]) -> list[Any]:
    connection.executemany("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?)", rows)
    return []


def _checksum(key: bytes, stamp: tuple[int, int, int], digest: bytes) -> int:
    """Return what shows that a row was not damaged: SQLite does not notice a changed byte."""
    return zlib.crc32(repr((key, tuple(stamp), digest)).encode())


def _digest(descriptor: int, size: int) -> tuple[str, int]:
    """Return the SHA-256 of an open file, and how many bytes it is of.

    The file may grow faster than we read: at most a little more than `size` is read.
    """
    hasher, read = hashlib.sha256(), 0
    buffer = memoryview(bytearray(min(size + 1, _BUFFER_BYTES)))
    while read <= size and (count := os.readv(descriptor, [buffer])):
        hasher.update(buffer[:count])
        read += count
    return hasher.hexdigest(), read
