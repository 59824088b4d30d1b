"""Make notices for observers from the entries of a run's journal."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from dressage.records.journal import Journal
from dressage.records.record import Record
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


def notices_of(entry: Mapping[str, Any], place: Place, about: Mapping[str, str]) -> list[tuple[str, Notice]]:
    """Return the hooks to call for an entry, each with its notice; none for an entry that is damaged.

    about: recipe, experiment, platform and run_id.
    """
    try:
        made = list(_make(entry, place))
        return [
            (hook, msgspec.convert({**about, **_common(entry, place, number), **fields}, KINDS[hook]))
            for number, (hook, fields) in enumerate(made)
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        return []


def _common(entry: Mapping[str, Any], place: Place, number: int) -> dict[str, Any]:
    """Return what all notices have. number: of the notice among those of one entry."""
    run_id = place.journal.path.parent.name
    return {
        "event_id": f"{run_id}:{place.end}" + (f"-{number}" if number else ""),
        "attempt": entry.get("attempt", place.attempt),
        "time": entry["time"],
    }


def _make(entry: Mapping[str, Any], place: Place) -> Iterator[Made]:
    match entry["event"]:
        case "run.created":
            request = entry["request"]
            yield "run_created", {"name": request.get("name"), "tags": request.get("tags") or {}}
        case "stage.finished" if handle := entry.get("handle"):
            version = handle.get("version") or str(handle.get("key") or "")[:12]
            result = f"{handle['name']}:{version}" if version else str(handle["name"])
            yield "stage_finished", {"stage": entry["stage"], "result": result}
        case "state":
            yield from _make_state(entry, place)
        case "batch":
            for part in entry["parts"]:
                yield from _make_logged({**entry, **part})
        case _:
            yield from _make_logged(entry)


def _make_state(entry: Mapping[str, Any], place: Place) -> Iterator[Made]:
    fields = {name: entry[name] for name in ("state", "reason", "exit_code") if name in entry}
    yield "run_state_changed", fields
    if entry["state"] in ENDED:
        record = Record()
        for end, earlier in place.journal.events_with_offsets():
            record.apply(earlier)
            if end >= place.end:
                break
        model = record.handles.get("model")
        name = f"{model['name']}:{model['version']}" if model else None
        interrupted = entry.get("interrupted", False)
        latest = record.tracked.latest()
        yield "run_finished", {**fields, "interrupted": interrupted, "metrics": latest, "model": name}


def _make_logged(entry: Mapping[str, Any]) -> Iterator[Made]:
    whose = {"mlflow_run": entry["run"]} if "run" in entry else {}
    pairs = {"params": ("parameters_logged", "parameters"), "tags": ("tags_changed", "tags")}
    match entry["event"]:
        case "metrics":
            yield "metrics_logged", {**whose, "metrics": tuple(map(_metric, entry["items"]))}
        case "params" | "tags" as kind:
            hook, field = pairs[kind]
            yield hook, {**whose, field: {item["key"]: item["value"] for item in entry["items"]}}


def _metric(item: Mapping[str, Any]) -> LoggedMetric:
    return LoggedMetric(
        name=item["key"],
        value=float(item["value"]),
        step=item.get("step") or 0,
        timestamp=item.get("timestamp") or 0,
    )


def age_of(time: str) -> float:
    """Return how many seconds ago a time was; 0 if it cannot be read."""
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
