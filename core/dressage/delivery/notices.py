"""Make notices for observers from the entries of a run's journal."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from dressage.records.journal import Journal
from dressage.records.record import Record
from dressage.results.entries import (
    BatchLogged,
    Entry,
    MetricItem,
    MetricsLogged,
    ParamsLogged,
    Recording,
    RunCreated,
    StageFinished,
    StateEntered,
    TagsChanged,
)
from dressage.results.notices import (
    ChangedTags,
    LoggedMetric,
    LoggedMetrics,
    LoggedParameters,
    NewRun,
    Notice,
    RunEnd,
    StageResult,
    StateChange,
)
from dressage.results.statuses import ENDED

KINDS: Mapping[str, type[Notice]] = {
    "run_created": NewRun,
    "stage_finished": StageResult,
    "run_state_changed": StateChange,
    "parameters_logged": LoggedParameters,
    "metrics_logged": LoggedMetrics,
    "tags_changed": ChangedTags,
    "run_finished": RunEnd,
}
"""The notice that each hook gets."""
Made = tuple[str, dict[str, Any]]
"""A hook, and the fields of its notice that differ from event to event."""


class Place(NamedTuple):
    """An entry's place: its journal, the byte at which it ends there, and the attempt at that place."""

    journal: Journal
    end: int
    attempt: int


def notices_of(entry: Entry, place: Place, about: Mapping[str, str]) -> list[tuple[str, Notice]]:
    """Return the hooks to call for an entry, each with its notice; none for an entry that is damaged.

    about: recipe, experiment, platform and run_id.
    """
    try:
        return [
            (hook, msgspec.convert({**about, **_common(entry, place, number), **fields}, KINDS[hook]))
            for number, (hook, fields) in enumerate(_make(entry, place))
        ]
    except ValueError:  # a request or a handle is damaged
        return []


def _common(entry: Entry, place: Place, number: int) -> dict[str, Any]:
    """Return what all notices have. number: of the notice among those of one entry."""
    run_id = place.journal.path.parent.name
    return {
        "event_id": f"{run_id}:{place.end}" + (f"-{number}" if number else ""),
        "attempt": entry.attempt or place.attempt,
        "time": entry.time,
    }


def _make(entry: Entry, place: Place) -> Iterator[Made]:
    match entry:
        case RunCreated():
            yield "run_created", {"name": entry.request.get("name"), "tags": entry.request.get("tags") or {}}
        case StageFinished(handle=dict() as handle):
            version = handle.get("version") or str(handle.get("key") or "")[:12]
            result = f"{handle['name']}:{version}" if version else handle["name"]
            yield "stage_finished", {"stage": entry.stage, "result": result}
        case StateEntered():
            yield from _make_state(entry, place)
        case BatchLogged():
            for part in entry.parts:
                yield from _make_logged(replace(part, run=entry.run))
        case Recording():
            yield from _make_logged(entry)


def _make_state(entry: StateEntered, place: Place) -> Iterator[Made]:
    fields: dict[str, Any] = {"state": entry.state, "reason": entry.reason, "exit_code": entry.exit_code}
    yield "run_state_changed", fields
    if entry.state in ENDED:
        record = Record()
        for end, earlier in place.journal.events_with_offsets():
            record.apply(earlier)
            if end >= place.end:
                break
        model = record.handles.get("model")
        name = f"{model['name']}:{model['version']}" if model else None
        latest = record.tracked.latest()
        yield "run_finished", {**fields, "interrupted": entry.interrupted, "metrics": latest, "model": name}


def _make_logged(entry: Recording) -> Iterator[Made]:
    whose = {} if entry.run is None else {"mlflow_run": entry.run}
    match entry:
        case MetricsLogged():
            yield "metrics_logged", {**whose, "metrics": tuple(map(_metric, entry.items))}
        case ParamsLogged():
            yield "parameters_logged", {**whose, "parameters": {item.key: item.value for item in entry.items}}
        case TagsChanged():
            yield "tags_changed", {**whose, "tags": {item.key: item.value for item in entry.items}}


def _metric(item: MetricItem) -> LoggedMetric:
    return LoggedMetric(name=item.key, value=item.value, step=item.step or 0, timestamp=item.timestamp or 0)


def age_of(time: str) -> float:
    """Return how many seconds ago a time was; 0 if it cannot be read."""
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
