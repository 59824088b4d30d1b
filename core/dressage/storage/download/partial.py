"""A partial file: the bytes downloaded so far, and a note that says which ranges they are and of which file.

The bytes are written first, then the note is replaced by a new one. If the process is killed at any moment, the note
never claims a range that is not in the file. If the machine loses power, it may: so a note is trusted until the next
boot only, unless the digest of the whole file will be compared.
"""

import json
import os
import threading
from pathlib import Path

from dressage.files.boot import read_boot
from dressage.files.locks import FileLock
from dressage.specs.credentials import hide_credentials

Range = tuple[int, int]
"""The position of the first byte, and the position after the last byte."""

_NOTE_EVERY_BYTES = 4 << 20
_BLOCK_BYTES = 512
"""The unit of `st_blocks`."""


class Partial:
    """The partial file for one content. Hold `lock` while using it; several threads may write."""

    def __init__(self, folder: Path, key: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / key
        self.lock = FileLock(folder / f"{key}.lock")
        self._note = folder / f"{key}.json"
        self._guard = threading.Lock()
        self._source: dict[str, str | int | None] = {}
        self._done: list[Range] = []
        self._unnoted = 0

    def begin(
        self, address: str, validator: str | None, length: int | None, *, is_verified: bool = False
    ) -> None:
        """Continue with the existing bytes if they belong to the same file on the server; else start again.

        is_verified: whether the digest of the whole file will be compared with a known one.
        """
        boot = None if is_verified else read_boot()
        known = hide_credentials(address)
        self._source = {"address": known, "validator": validator, "length": length, "boot": boot}
        self._done = self._read_done() if validator is not None and length is not None else []
        if not self._done:
            self.discard()  # removes the note first: it describes other bytes
            self.path.write_bytes(b"")
        # It is read-only if its process was killed while moving it to the store.
        self.path.chmod(self.path.stat().st_mode | 0o200)
        if length is not None:
            os.truncate(self.path, length)
        self._write_note()

    @property
    def done(self) -> int:
        """The number of bytes in the file."""
        with self._guard:
            return sum(last - first for first, last in self._done)

    @property
    def size_on_disk(self) -> int:
        """The number of bytes that the file takes on the disk."""
        return self.path.stat().st_blocks * _BLOCK_BYTES if self.path.exists() else 0

    def missing(self, longest: int) -> list[Range]:
        """Return the missing ranges, in pieces of at most `longest` bytes. The length must be known."""
        length = int(self._source["length"] or 0)
        pieces, position = [], 0
        for first, last in [*sorted(self._done), (length, length)]:
            pieces += [(start, min(start + longest, first)) for start in range(position, first, longest)]
            position = max(position, last)
        return pieces

    def write(self, position: int, data: bytes) -> None:
        """Write bytes at a position; the note is updated every few MiB."""
        with self._guard:
            with self.path.open("r+b") as file:
                file.seek(position)
                file.write(data)
            self._done = _join([*self._done, (position, position + len(data))])
            self._unnoted += len(data)
            if self._unnoted >= _NOTE_EVERY_BYTES:
                self._write_note()

    def pause(self) -> None:
        """Write the note, so that the download can be continued later."""
        with self._guard:
            self._write_note()

    def discard(self) -> None:
        """Remove the file and its note."""
        self._done = []
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove everything: the bytes were moved to the store."""
        self.discard()
        self.lock.path.unlink(missing_ok=True)

    def _read_done(self) -> list[Range]:
        """Return the ranges that the note claims; none if it is of another file, or cannot be right."""
        try:
            note = json.loads(self._note.read_text())
            done = [(int(first), int(last)) for first, last in note["done"]]
            size = self.path.stat().st_size
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return []
        is_right = all(0 <= first < last <= size for first, last in done)
        return done if is_right and note.get("source") == self._source else []

    def _write_note(self) -> None:
        temporary = self._note.with_suffix(".note")
        temporary.write_text(json.dumps({"source": self._source, "done": self._done}))
        temporary.replace(self._note)
        self._unnoted = 0


def _join(ranges: list[Range]) -> list[Range]:
    """Join ranges that touch or overlap."""
    joined: list[Range] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
