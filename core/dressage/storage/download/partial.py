"""A file on its way: its bytes so far, and a note of which they are and of what they are part.

The note is replaced, never rewritten, after the bytes that it speaks of are written: a process killed at any
moment leaves a note that promises no more than there is.
"""

import json
import os
import threading
from pathlib import Path
from typing import Any

from dressage.files.locks import FileLock

Range = tuple[int, int]
"""From the first byte to the one behind the last."""

_NOTE_EVERY_BYTES = 4 << 20


class Partial:
    """The partial file of one content; hold `lock` while using it. Its writers may be threads."""

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
        """Go on with what is there if it is part of the same; else start anew."""
        self._source = {"address": address, "validator": validator, "length": length}
        note = self._read()
        same = validator is not None and length is not None and note.get("source") == self._source
        self._done = (
            [(first, last) for first, last in note.get("done", [])] if same and self.path.exists() else []
        )
        if not self._done:
            self.discard()  # the note first to go: it speaks of other bytes
            self.path.write_bytes(b"")
        self.path.chmod(0o644)  # it was about to be adopted when its process was killed
        if length is not None:
            os.truncate(self.path, length)
        self._write_note()

    @property
    def done(self) -> int:
        with self._guard:
            return sum(last - first for first, last in self._done)

    def missing(self, longest: int) -> list[Range]:
        """What is left to fetch, in pieces of at most `longest` bytes. Needs a known length."""
        length = int(self._source["length"] or 0)
        pieces, position = [], 0
        for first, last in [*sorted(self._done), (length, length)]:
            pieces += [(start, min(start + longest, first)) for start in range(position, first, longest)]
            position = max(position, last)
        return pieces

    def write(self, position: int, data: bytes) -> None:
        with self._guard:
            with self.path.open("r+b") as file:
                file.seek(position)
                file.write(data)
            self._done = _joined([*self._done, (position, position + len(data))])
            self._unnoted += len(data)
            if self._unnoted >= _NOTE_EVERY_BYTES:
                self._write_note()

    def pause(self) -> None:
        """Note down how far it has come."""
        with self._guard:
            self._write_note()

    def discard(self) -> None:
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """The bytes have gone elsewhere: nothing of it is needed any more."""
        self.discard()
        self.lock.path.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._note.read_text()))
        except (FileNotFoundError, ValueError):
            return {}

    def _write_note(self) -> None:
        aside = self._note.with_suffix(".note")
        aside.write_text(json.dumps({"source": self._source, "done": self._done}))
        aside.replace(self._note)
        self._unnoted = 0


def _joined(ranges: list[Range]) -> list[Range]:
    joined: list[Range] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
