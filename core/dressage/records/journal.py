"""The append-only record of one run: one JSON object a line, one `write` a line.

Several processes may append at once. A line torn by a crash or a full disk is passed over by readers and
closed off by the next writer, so nothing after it is lost.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_SYNC_S = 1.0
"""How long metrics and the like may wait for the disk."""


def now() -> str:
    """The time as journals write it: ISO 8601, UTC, milliseconds."""
    return stamp_of(datetime.now(UTC))


def stamp_of(moment: datetime) -> str:
    """A moment in UTC as journals write it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Journal:
    """The journal at `path`; the file appears with its first event."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._synced = time.monotonic()

    def append(self, event: str, **fields: Any) -> None:
        """Write one event; the first append at least a second later has it on the disk.

        Raises OSError when the disk will not take it, and then has written nothing whole.
        """
        self._write(event, fields, durable=False)

    def append_durably(self, event: str, **fields: Any) -> None:
        """Write one event; it is on the disk when this returns. Raises OSError."""
        self._write(event, fields, durable=True)

    def _write(self, event: str, fields: Mapping[str, Any], *, durable: bool) -> None:
        line = line_of({"time": now(), "event": event, **fields})
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            end = os.fstat(descriptor).st_size
            torn = end > 0 and os.pread(descriptor, 1, end - 1) != b"\n"
            data = (b"\n" if torn else b"") + line
            if os.write(descriptor, data) != len(data):
                raise OSError(28, "no space left for the journal", str(self.path))
            if durable or time.monotonic() - self._synced >= _SYNC_S:
                os.fsync(descriptor)
                self._synced = time.monotonic()
        finally:
            os.close(descriptor)

    def events(self, offset: int = 0) -> Iterator[dict[str, Any]]:
        """The events from byte `offset` on, oldest first; torn lines are passed over."""
        for _, event in self.numbered(offset):
            yield event

    def numbered(self, offset: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each event with the offset just behind it, to read on from later. Ends where the journal ends now."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            end = os.fstat(file.fileno()).st_size
            file.seek(offset)
            for line in file:
                if offset >= end:
                    return  # written since: a script may write as fast as we read
                if not line.endswith(b"\n"):
                    return  # being written, or torn: whoever writes next closes it off
                offset += len(line)
                try:
                    event = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(event, dict):
                    yield offset, event


def line_of(event: Mapping[str, Any]) -> bytes:
    """Names of files and arguments may hold bytes that are no text: they are escaped."""
    try:
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        text = json.dumps(event, separators=(",", ":")).encode()
    return text + b"\n"
