"""A partial file: the bytes downloaded so far, and a note that says which ranges they are and of which file.

The bytes are written first, then the note is replaced by a new one. If the process is killed at any moment, the note
never claims a range that is not in the file.
"""

import json
import os
import threading
from pathlib import Path
from typing import Any

from dressage.files.locks import FileLock
from dressage.specs.credentials import hide_credentials

Range = tuple[int, int]
"""The position of the first byte, and the position after the last byte."""

_NOTE_EVERY_BYTES = 4 << 20


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

    def begin(self, address: str, validator: str | None, length: int | None) -> None:
        """Continue with the existing bytes if they belong to the same file on the server; else start again."""
        self._source = {"address": hide_credentials(address), "validator": validator, "length": length}
        note = self._read()
        same = validator is not None and length is not None and note.get("source") == self._source
        self._done = (
            [(first, last) for first, last in note.get("done", [])] if same and self.path.exists() else []
        )
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
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove everything: the bytes were moved to the store."""
        self.discard()
        self.lock.path.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._note.read_text()))
        except (FileNotFoundError, ValueError):
            return {}

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
