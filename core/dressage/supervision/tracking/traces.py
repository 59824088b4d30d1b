"""Traces, stored as files of the run below traces/TRACE_ID.

The client writes the spans there itself, as artifacts. Version 3 of the protocol sends a trace's facts whole, at its
end; version 2 at its start and again at its end.
"""

import json
import re
import shutil
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from dressage.files.atomic import write_json
from dressage.records.journal import stamp_of
from dressage.supervision.tracking import requests
from dressage.supervision.tracking.answers import Answer, paged
from dressage.supervision.tracking.errors import RefusedError, invalid, missing
from dressage.supervision.tracking.search import Searchable, page
from dressage.supervision.tracking.state import EXPERIMENT_ID, TrackingState, address_of

Facts = dict[str, Any]

_LOCATION = "mlflow.artifactLocation"
_ID = re.compile(r"[\w-]{1,100}")
_KINDS = {
    **dict.fromkeys(("attribute", "attributes", "attr", "trace"), "attribute"),
    **dict.fromkeys(("tag", "tags"), "tag"),
    **dict.fromkeys(("metadata", "request_metadata"), "metadata"),
}


class _Shape(msgspec.Struct):
    """The parts of a trace's facts that are read here."""

    trace_id: str
    state: str | None = None
    request_time: str | None = None
    execution_duration: str | None = None
    trace_location: dict[str, Any] | None = None
    trace_metadata: dict[str, str] | None = None
    tags: dict[str, str] | None = None
    assessments: list[dict[str, Any]] | None = None


def start(state: TrackingState, asked: requests.StartTrace) -> Answer:
    facts = _sent(asked.trace) if asked.trace is not None else _begun(asked)
    known = facts["trace_id"] in state.tracked.traces
    experiment = _experiment(facts)
    state.experiment(experiment)
    facts["tags"] = _tags(facts) | {_LOCATION: address_of(_folder(state, facts["trace_id"]) / "artifacts")}
    _keep(state, facts)
    if not known:
        state.write("tracking.trace", trace_id=facts["trace_id"])
    if asked.trace is None:
        return {"trace_info": _as_version_2(facts)}
    return {"trace": {"trace_info": facts}}


def end(state: TrackingState, asked: requests.EndTrace) -> Answer:
    """The end of a trace that version 2 of the protocol began."""
    facts = _read(state, asked.trace_id)
    facts["state"] = asked.status or facts.get("state")
    if asked.timestamp_ms is not None:
        facts["execution_duration"] = f"{max(0, asked.timestamp_ms - _time_ms(facts)) / 1000:.3f}s"
    facts["trace_metadata"] = _metadata(facts) | requests.values_of(asked.request_metadata)
    facts["tags"] = _tags(facts) | requests.values_of(asked.tags)
    _keep(state, facts)
    return {"trace_info": _as_version_2(facts)}


def get(state: TrackingState, asked: requests.OfTrace) -> Answer:
    return {"trace": {"trace_info": _read(state, asked.trace_id)}}


def get_version_2(state: TrackingState, asked: requests.OfTrace) -> Answer:
    return {"trace_info": _as_version_2(_read(state, asked.trace_id))}


def set_tag(state: TrackingState, asked: requests.TraceTag) -> Answer:
    facts = _read(state, asked.trace_id)
    facts["tags"] = _tags(facts) | {asked.key: asked.value or ""}
    _keep(state, facts)
    return {}


def delete_tag(state: TrackingState, asked: requests.TraceTag) -> Answer:
    facts = _read(state, asked.trace_id)
    tags = _tags(facts)
    if tags.pop(asked.key, None) is None:
        raise missing(f"No trace tag with key '{asked.key}' for trace with ID '{asked.trace_id}'")
    facts["tags"] = tags
    _keep(state, facts)
    return {}


def link_to_run(state: TrackingState, asked: requests.LinkTraces) -> Answer:
    state.run(asked.run_id)
    for trace_id in asked.trace_ids:
        facts = _read(state, trace_id)
        facts["trace_metadata"] = {"mlflow.sourceRun": asked.run_id} | _metadata(facts)
        _keep(state, facts)
    return {}


def search(state: TrackingState, asked: requests.SearchTraces) -> Answer:
    shown, token = _found(state, asked)
    return paged("traces", shown, token)


def search_version_2(state: TrackingState, asked: requests.SearchTraces) -> Answer:
    shown, token = _found(state, asked)
    return paged("traces", map(_as_version_2, shown), token)


def delete(state: TrackingState, asked: requests.DeleteTraces) -> Answer:
    """By ids, or the oldest up to a time."""
    ids = asked.request_ids or asked.trace_ids
    kept = [facts for facts in _all(state) if _experiment(facts) == asked.experiment_id]
    latest = float("inf") if asked.max_timestamp_millis is None else asked.max_timestamp_millis
    old = sorted((facts for facts in kept if _time_ms(facts) <= latest), key=_time_ms)
    chosen = [facts for facts in kept if facts["trace_id"] in ids] if ids else old[: asked.max_traces]
    for facts in chosen:
        state.write("tracking.trace_deleted", trace_id=facts["trace_id"])
        shutil.rmtree(_folder(state, facts["trace_id"]), ignore_errors=True)
    return {"traces_deleted": len(chosen)}


def _found(state: TrackingState, asked: requests.SearchTraces) -> tuple[list[Facts], str]:
    wanted = {_experiment({"trace_location": place}) for place in asked.locations or ()}
    wanted |= set(asked.experiment_ids or ())
    found = _SEARCHABLE.filter([facts for facts in _all(state) if _experiment(facts) in wanted], asked.filter)
    newest = sorted(found, key=lambda facts: (-_time_ms(facts), facts["trace_id"]))
    ordered = _SEARCHABLE.sort(newest, asked.order_by or ())
    return page(ordered, asked.page_token, asked.max_results, 100, 50_000)


def _all(state: TrackingState) -> list[Facts]:
    """The traces whose files are there and whole."""
    found = []
    for trace_id in state.tracked.traces:
        with suppress(RefusedError):
            found.append(_read(state, trace_id))
    return found


def create_assessment(state: TrackingState, asked: requests.Assessment) -> Answer:
    facts = _read(state, asked.trace_id)
    assessment = {
        **(asked.assessment or {}),
        "assessment_id": f"a-{uuid.uuid4().hex}",
        "trace_id": asked.trace_id,
    }
    facts["assessments"] = [*facts.get("assessments", ()), assessment]
    _keep(state, facts)
    return {"assessment": assessment}


def get_assessment(state: TrackingState, asked: requests.Assessment) -> Answer:
    return {"assessment": _assessment(_read(state, asked.trace_id), asked.assessment_id)}


def update_assessment(state: TrackingState, asked: requests.Assessment) -> Answer:
    facts = _read(state, asked.trace_id)
    assessment = _assessment(facts, asked.assessment_id)
    assessment |= {name: value for name, value in (asked.assessment or {}).items() if name != "assessment_id"}
    _keep(state, facts)
    return {"assessment": assessment}


def delete_assessment(state: TrackingState, asked: requests.Assessment) -> Answer:
    facts = _read(state, asked.trace_id)
    facts["assessments"].remove(_assessment(facts, asked.assessment_id))
    _keep(state, facts)
    return {}


def _assessment(facts: Facts, assessment_id: str) -> Facts:
    for assessment in facts.get("assessments", ()):
        if assessment["assessment_id"] == assessment_id:
            found: Facts = assessment
            return found
    raise missing(f"Assessment with ID '{assessment_id}' not found for trace '{facts['trace_id']}'")


def _sent(trace: Mapping[str, Any]) -> Facts:
    """What a client says of a trace, whole; the parts that are used here have the right types."""
    try:
        msgspec.convert(trace.get("trace_info"), _Shape)
    except msgspec.ValidationError as error:
        raise invalid(f"Invalid value for parameter 'trace.trace_info' supplied: {error}") from error
    facts = dict(trace["trace_info"])
    if not _ID.fullmatch(facts["trace_id"]):
        raise invalid("Missing value for required parameter 'trace.trace_info.trace_id'.")
    return facts


def _begun(asked: requests.StartTrace) -> Facts:
    """A trace as version 3 has it, from what version 2 says at its start."""
    try:
        begun = datetime.fromtimestamp((asked.timestamp_ms or 0) / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise invalid(f"Invalid value {asked.timestamp_ms} for parameter 'timestamp_ms' supplied") from error
    return {
        "trace_id": f"tr-{uuid.uuid4().hex}",
        "trace_location": {
            "type": "MLFLOW_EXPERIMENT",
            "mlflow_experiment": {"experiment_id": asked.experiment_id or EXPERIMENT_ID},
        },
        "request_time": stamp_of(begun),
        "state": "IN_PROGRESS",
        "trace_metadata": requests.values_of(asked.request_metadata),
        "tags": requests.values_of(asked.tags),
    }


def _as_version_2(facts: Facts) -> Facts:
    return {
        "request_id": facts["trace_id"],
        "experiment_id": _experiment(facts),
        "timestamp_ms": _time_ms(facts),
        "execution_time_ms": _duration_ms(facts) or 0,
        "status": facts.get("state", "TRACE_STATUS_UNSPECIFIED"),
        "request_metadata": [{"key": key, "value": value} for key, value in _metadata(facts).items()],
        "tags": [{"key": key, "value": value} for key, value in _tags(facts).items()],
    }


def _folder(state: TrackingState, trace_id: str) -> Path:
    return state.identity.artifacts / "traces" / trace_id


def _keep(state: TrackingState, facts: Facts) -> None:
    folder = _folder(state, facts["trace_id"])
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "trace_info.json", facts)


def _read(state: TrackingState, trace_id: str) -> Facts:
    try:
        known = _ID.fullmatch(trace_id) is not None
        facts = json.loads((_folder(state, trace_id) / "trace_info.json").read_text()) if known else None
        msgspec.convert(facts, _Shape)
    except (OSError, ValueError, RecursionError):  # removed, or damaged
        facts = None
    if not isinstance(facts, dict):
        raise missing(f"Trace with ID '{trace_id[:100]}' not found.")
    return facts


def _tags(facts: Facts) -> dict[str, str]:
    return dict(facts.get("tags") or {})


def _metadata(facts: Facts) -> dict[str, str]:
    return dict(facts.get("trace_metadata") or {})


def _experiment(facts: Facts) -> str:
    place = (facts.get("trace_location") or {}).get("mlflow_experiment")
    return str(place.get("experiment_id", EXPERIMENT_ID)) if isinstance(place, dict) else EXPERIMENT_ID


def _time_ms(facts: Facts) -> int:
    try:
        return int(datetime.fromisoformat(str(facts.get("request_time"))).timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0


def _duration_ms(facts: Facts) -> float | None:
    text = str(facts.get("execution_duration", ""))
    try:
        return float(text.removesuffix("s")) * 1000 if text else None
    except ValueError:
        return None


_SEARCHABLE: Searchable[Facts] = Searchable(
    texts={
        "trace_id": lambda facts: facts["trace_id"],
        "name": lambda facts: _tags(facts).get("mlflow.traceName"),
        "status": lambda facts: facts.get("state"),
        "run_id": lambda facts: _metadata(facts).get("mlflow.sourceRun"),
    },
    numbers={
        "timestamp_ms": _time_ms,
        "execution_time_ms": _duration_ms,
    },
    kinds=_KINDS,
    values={"tag": _tags, "metadata": _metadata},
    lists=frozenset({"trace_id", "name", "status", "run_id"}),
    aliases={
        "request_id": "trace_id",
        "state": "status",
        "timestamp": "timestamp_ms",
        "request_time": "timestamp_ms",
        "execution_time": "execution_time_ms",
        "execution_duration": "execution_time_ms",
    },
)
