"""Read the entries of a journal that an observer has not received yet, some at a time."""

from collections.abc import Iterator, Mapping
from typing import Any

from dressage.delivery.cursors import Cursor
from dressage.records.run_folder import RunFolder
from dressage.results.statuses import ENDED

_BATCH = 500
_BATCH_BYTES = 1_000_000
"""How many entries, and about how many bytes, a mirror gets with one call."""
Batch = list[tuple[int, Mapping[str, Any]]]
"""Entries of a journal, each with the byte at which it ends."""


def about_run(folder: RunFolder) -> Mapping[str, str]:
    """Return the id, recipe, experiment and platform of a run; "?" for what its journal does not say."""
    first = next(folder.journal.events(), {})
    request = first.get("request")
    known = request if isinstance(request, Mapping) else {}
    names = ("recipe", "experiment", "platform")
    return {"run_id": folder.path.name, **{name: str(known.get(name, "?")) for name in names}}


def read_batches(folder: RunFolder, cursor: Cursor) -> Iterator[Batch]:
    """Yield the entries after the cursor, some at a time. Each is read when it is asked for."""
    batch: Batch = []
    begin, attempt, changes = cursor.offset, cursor.attempt, cursor.changes
    for end, entry in folder.journal.events_with_offsets(cursor.offset):
        current = _without_outdated(entry, attempt, changes)
        attempt, changes = attempt_of(current, attempt), changes + _counts(current)
        batch.append((end, current))
        if len(batch) >= _BATCH or end - begin > _BATCH_BYTES:
            yield batch
            batch, begin = [], end
    if batch:
        yield batch


def _without_outdated(entry: Mapping[str, Any], attempt: int, changes: int) -> Mapping[str, Any]:
    """Return the entry; one without meaning for a state that was out of date when it was written (see `Record`)."""
    if entry.get("event") != "state":
        return entry
    is_current = entry.get("attempt", 1) == attempt and entry.get("after", changes) == changes
    return entry if is_current else {"event": "state.outdated"}


def _counts(entry: Mapping[str, Any]) -> int:
    """Return 1 if the entry changes the state of the run, as `Record.changes` counts, else 0."""
    return int(entry.get("event") in ("state", "run.resumed"))


def attempt_of(entry: Mapping[str, Any], current: int) -> int:
    """Return the attempt that an entry belongs to. current: the one of the entries before."""
    found = entry.get("attempt") if entry.get("event") in ("run.resumed", "state") else None
    return found if isinstance(found, int) else current


def advance(cursor: Cursor, batch: Batch) -> None:
    """Move the cursor behind entries that were delivered."""
    for end, entry in batch:
        cursor.offset = end
        cursor.attempt = attempt_of(entry, cursor.attempt)
        cursor.changes += _counts(entry)
        if entry.get("event") == "state":
            cursor.has_ended = entry.get("state") in ENDED
        elif entry.get("event") == "run.resumed":
            cursor.has_ended = False
