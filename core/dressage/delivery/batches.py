"""Read the entries of a journal that an observer has not received yet, some at a time."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dressage.delivery.cursors import Cursor
from dressage.records.run_folder import RunFolder
from dressage.results.entries import (
    Entry,
    RunCreated,
    RunResumed,
    StateEntered,
    UnknownEntry,
    UnreadableEntry,
    read_entry,
)
from dressage.results.statuses import ENDED

_BATCH = 500
_BATCH_BYTES = 1_000_000
"""How many entries, and about how many bytes, a mirror gets with one call."""


class Delivered(NamedTuple):
    """An entry of a journal. end: the byte at which it ends. line: as it was written."""

    end: int
    entry: Entry
    line: bytes

    @property
    def mirrored(self) -> tuple[int, Any]:
        """The entry as a mirror gets it: as JSON, without what cannot be read."""
        is_unreadable = isinstance(self.entry, UnreadableEntry)
        return self.end, {"event": "unreadable"} if is_unreadable else json.loads(self.line)


Batch = list[Delivered]
_OUTDATED = (UnknownEntry(), b'{"event":"state.outdated"}')
"""An entry without a meaning, and its line."""


def about_run(folder: RunFolder) -> Mapping[str, str]:
    """Return the id, recipe, experiment and platform of a run; "?" for what its journal does not say."""
    created = next((entry for entry in folder.journal.events() if isinstance(entry, RunCreated)), None)
    known = created.request if created else {}
    names = ("recipe", "experiment", "platform")
    return {"run_id": folder.path.name, **{name: str(known.get(name, "?")) for name in names}}


def read_batches(folder: RunFolder, cursor: Cursor) -> Iterator[Batch]:
    """Yield the entries after the cursor, some at a time. Each is read when it is asked for."""
    batch: Batch = []
    begin, attempt, changes = cursor.offset, cursor.attempt, cursor.changes
    for end, line in folder.journal.lines(cursor.offset):
        found = Delivered(end, read_entry(line), line)
        current = found if _is_current(found.entry, attempt, changes) else Delivered(end, *_OUTDATED)
        attempt, changes = attempt_of(current.entry, attempt), changes + _counts(current.entry)
        batch.append(current)
        if len(batch) >= _BATCH or end - begin > _BATCH_BYTES:
            yield batch
            batch, begin = [], end
    if batch:
        yield batch


def _is_current(entry: Entry, attempt: int, changes: int) -> bool:
    """Return False for a state that was out of date when it was written (see `Record`)."""
    if not isinstance(entry, StateEntered):
        return True
    return (entry.attempt or 1) == attempt and entry.after in (None, changes)


def _counts(entry: Entry) -> int:
    """Return 1 if the entry changes the state of the run, as `Record.changes` counts, else 0."""
    return int(isinstance(entry, StateEntered | RunResumed))


def attempt_of(entry: Entry, current: int) -> int:
    """Return the attempt that an entry belongs to. current: the one of the entries before."""
    return entry.attempt or current if isinstance(entry, StateEntered | RunResumed) else current


def advance(cursor: Cursor, batch: Batch) -> None:
    """Move the cursor behind entries that were delivered."""
    for end, entry, _ in batch:
        cursor.offset = end
        cursor.attempt = attempt_of(entry, cursor.attempt)
        cursor.changes += _counts(entry)
        if isinstance(entry, StateEntered):
            cursor.has_ended = entry.state in ENDED
        elif isinstance(entry, RunResumed):
            cursor.has_ended = False
