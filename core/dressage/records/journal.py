"""The append-only journal of one run: one JSON object per line, one `write` per line.

Several processes may append at the same time. If a crash or a full disk leaves an incomplete line, readers skip it,
and the next writer ends it with a line break, so that nothing after it is lost. `dressage.results.entries` describes
what a line may be, and checks it when it is read. Importing this module imports only the standard library.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dressage.files.regular import open_regular
from dressage.records.outbox import wake

if TYPE_CHECKING:
    from dressage.results.entries import Entry

_SYNC_S = 1.0
"""How long events that need not be durable, such as metrics, may wait until they are on the disk."""


def now() -> str:
    """Return the current time as journals write it: ISO 8601, UTC, milliseconds."""
    return stamp_of(datetime.now(UTC))


def stamp_of(moment: datetime) -> str:
    """Format a time in UTC as journals write it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Journal:
    """The journal at `path`; the first event creates the file.

    wake: the pipe of the process that delivers events to observers, woken after each event; None for none.
    """

    def __init__(self, path: Path, wake: Path | None = None) -> None:
        self.path = path
        self._wake = None if wake is None else str(wake)
        self._name = path.parent.name
        self._synced = time.monotonic()

    def append(self, event: str, **fields: Any) -> None:
        """Write one event. It is on the disk after the first append that follows at least a second later.

        Raises OSError if the disk is full or fails; then readers do not see the event.
        """
        self._write(event, fields, durable=False)

    def append_durably(self, event: str, **fields: Any) -> None:
        """Write one event; it is on the disk when this returns. Raises OSError."""
        self._write(event, fields, durable=True)

    def _write(self, event: str, fields: Mapping[str, Any], *, durable: bool) -> None:
        line = line_of({"time": now(), "event": event, **fields})
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            end = os.fstat(descriptor).st_size
            is_incomplete = end > 0 and os.pread(descriptor, 1, end - 1) != b"\n"
            data = (b"\n" if is_incomplete else b"") + line
            if os.write(descriptor, data) != len(data):
                raise OSError(28, "no space left for the journal", str(self.path))
            if durable or time.monotonic() - self._synced >= _SYNC_S:
                os.fsync(descriptor)
                self._synced = time.monotonic()
        finally:
            os.close(descriptor)
        if self._wake is not None and os.access(self._wake, os.F_OK):  # cheaper than to open and fail
            wake(self._wake, self._name)

    def events(self, offset: int = 0) -> Iterator["Entry"]:
        """Yield the events from byte `offset` on, oldest first; incomplete lines are skipped."""
        for _, event in self.events_with_offsets(offset):
            yield event

    def events_with_offsets(self, offset: int = 0) -> Iterator[tuple[int, "Entry"]]:
        """Yield each event that is in the journal now, with the offset at which the next one begins.

        A damaged line is an `UnreadableEntry`, an event of a later version of dressage an `UnknownEntry`.
        """
        from dressage.results.entries import read_entry

        for end, line in self.lines(offset):
            yield end, read_entry(line)

    def lines(self, offset: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield each complete line that is in the journal now, with the offset at which the next one begins."""
        try:
            file = open_regular(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return
        with file:
            end = os.fstat(file.fileno()).st_size
            file.seek(offset)
            for line in file:
                if offset >= end:
                    return  # written after we began: a script may write as fast as we read
                if not line.endswith(b"\n"):
                    return  # still being written, or incomplete: the next writer ends the line
                offset += len(line)
                yield offset, line


def line_of(event: Mapping[str, Any]) -> bytes:
    """Encode an event as a line. Bytes in file names or arguments that are not UTF-8 are escaped."""
    try:
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        text = json.dumps(event, separators=(",", ":")).encode()
    return text + b"\n"
