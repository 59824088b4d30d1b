"""Read the lines of a journal.

Readers are lenient to what a later version of dressage may write: unknown fields are ignored, and an unknown event is
an `UnknownEntry`. A known event with a missing field or a wrong type is an `UnreadableEntry`: readers skip it, and
`dressage doctor` names it.
"""

import json
from functools import cache
from typing import Any, Union, get_args

import msgspec
from msgspec import convert

from dressage.results.entries.base import Entry, UnknownEntry, UnreadableEntry
from dressage.results.entries.recordings import (
    BatchLogged,
    ExperimentChanged,
    InputsLogged,
    MetricsLogged,
    ModelChanged,
    ModelCreated,
    OutputsLogged,
    ParamsLogged,
    RequestRefused,
    RunOpened,
    StatusChanged,
    TagsChanged,
    TraceDeleted,
    TraceLogged,
    VersionRegistered,
)
from dressage.results.entries.runs import (
    EnvironmentLost,
    FilesLeftOut,
    RunAdopted,
    RunCreated,
    RunDetached,
    RunJudged,
    RunResumed,
    RunSubmitted,
    RunSubmitting,
    RunSupervised,
    ScriptStarted,
    StageFinished,
    StageStarted,
    StateEntered,
)

KnownEntry = Union[  # noqa: UP007 - get_args lists its members
    RunCreated,
    RunJudged,
    StageStarted,
    StageFinished,
    RunSubmitting,
    RunSubmitted,
    RunSupervised,
    ScriptStarted,
    RunAdopted,
    RunDetached,
    RunResumed,
    EnvironmentLost,
    FilesLeftOut,
    StateEntered,
    MetricsLogged,
    ParamsLogged,
    TagsChanged,
    InputsLogged,
    OutputsLogged,
    StatusChanged,
    BatchLogged,
    RunOpened,
    ExperimentChanged,
    ModelCreated,
    ModelChanged,
    VersionRegistered,
    TraceLogged,
    TraceDeleted,
    RequestRefused,
]


def read_entry(line: bytes) -> Entry:
    """Read a line of a journal. Never raises: an unknown or unreadable line is an entry, too."""
    try:
        entry: Entry = _decoder().decode(line)
    except (ValueError, RecursionError):
        return _read_slowly(line)
    return entry


def entry_of(event: Any) -> Entry:
    """Return the entry that an event is, as JSON, with the same rules as `read_entry`."""
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        return UnreadableEntry(problem="it is not an event")
    kind = _kinds().get(event["event"])
    if kind is None:
        return UnknownEntry()
    if event["event"] == "batch" and isinstance(event.get("parts"), list):
        event = {**event, "parts": list(filter(_is_known, event["parts"]))}
    try:
        return convert(event, kind)
    except (ValueError, RecursionError) as error:
        return UnreadableEntry(problem=f"event {event['event']!r}: {error}")


def _read_slowly(line: bytes) -> Entry:
    """Read what only Python takes for JSON, such as NaN, and find out what is wrong with other lines."""
    try:
        return entry_of(json.loads(line))
    except (ValueError, RecursionError):
        return UnreadableEntry(problem="it is not JSON")


def _is_known(part: Any) -> bool:
    """Return whether a part of a batch has a meaning for this reader; damaged ones do."""
    return not isinstance(part, dict) or part.get("event") in _kinds() or "event" not in part


@cache
def _decoder() -> Any:
    return msgspec.json.Decoder(KnownEntry)


@cache
def _kinds() -> dict[str, type[Entry]]:
    return {kind.__struct_config__.tag: kind for kind in get_args(KnownEntry)}
