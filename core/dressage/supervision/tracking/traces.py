"""Traces, stored as files of the run below traces/TRACE_ID.

The client writes the spans there itself, as artifacts. Version 3 of the protocol sends a trace's info once, at its
end; version 2 sends it at the start and again at the end.
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
from dressage.supervision.tracking.answers import Answer, page_answer
from dressage.supervision.tracking.errors import RefusedError, invalid, missing
from dressage.supervision.tracking.search import Searchable, page
from dressage.supervision.tracking.state import EXPERIMENT_ID, TrackingState, address_of

TraceInfo = dict[str, Any]

_LOCATION = "mlflow.artifactLocation"
_ID = re.compile(r"[\w-]{1,100}")
_KINDS = {
    **dict.fromkeys(("attribute", "attributes", "attr", "trace"), "attribute"),
    **dict.fromkeys(("tag", "tags"), "tag"),
    **dict.fromkeys(("metadata", "request_metadata"), "metadata"),
}


class _Shape(msgspec.Struct):
    """The fields of a trace's info that this module reads."""

    trace_id: str
    state: str | None = None
    request_time: str | None = None
    execution_duration: str | None = None
    trace_location: dict[str, Any] | None = None
    trace_metadata: dict[str, str] | None = None
    tags: dict[str, str] | None = None
    assessments: list[dict[str, Any]] | None = None


def start(state: TrackingState, request: requests.StartTrace) -> Answer:
    info = _read_trace(request.trace) if request.trace is not None else _create_trace(request)
    known = info["trace_id"] in state.tracked.traces
    experiment = _experiment(info)
    state.experiment(experiment)
    info["tags"] = _tags(info) | {_LOCATION: address_of(_folder(state, info["trace_id"]) / "artifacts")}
    _keep(state, info)
    if not known:
        state.write("tracking.trace", trace_id=info["trace_id"])
    if request.trace is None:
        return {"trace_info": _as_version_2(info)}
    return {"trace": {"trace_info": info}}


def end(state: TrackingState, request: requests.EndTrace) -> Answer:
    """End a trace that was started with version 2 of the protocol."""
    info = _read(state, request.trace_id)
    info["state"] = request.status or info.get("state")
    if request.timestamp_ms is not None:
        info["execution_duration"] = f"{max(0, request.timestamp_ms - _time_ms(info)) / 1000:.3f}s"
    info["trace_metadata"] = _metadata(info) | requests.values_of(request.request_metadata)
    info["tags"] = _tags(info) | requests.values_of(request.tags)
    _keep(state, info)
    return {"trace_info": _as_version_2(info)}


def get(state: TrackingState, request: requests.TraceById) -> Answer:
    return {"trace": {"trace_info": _read(state, request.trace_id)}}


def get_version_2(state: TrackingState, request: requests.TraceById) -> Answer:
    return {"trace_info": _as_version_2(_read(state, request.trace_id))}


def set_tag(state: TrackingState, request: requests.TraceTag) -> Answer:
    info = _read(state, request.trace_id)
    info["tags"] = _tags(info) | {request.key: request.value or ""}
    _keep(state, info)
    return {}


def delete_tag(state: TrackingState, request: requests.TraceTag) -> Answer:
    info = _read(state, request.trace_id)
    tags = _tags(info)
    if tags.pop(request.key, None) is None:
        raise missing(f"No trace tag with key '{request.key}' for trace with ID '{request.trace_id}'")
    info["tags"] = tags
    _keep(state, info)
    return {}


def link_to_run(state: TrackingState, request: requests.LinkTraces) -> Answer:
    state.run(request.run_id)
    for trace_id in request.trace_ids:
        info = _read(state, trace_id)
        info["trace_metadata"] = {"mlflow.sourceRun": request.run_id} | _metadata(info)
        _keep(state, info)
    return {}


def search(state: TrackingState, request: requests.SearchTraces) -> Answer:
    shown, token = _search(state, request)
    return page_answer("traces", shown, token)


def search_version_2(state: TrackingState, request: requests.SearchTraces) -> Answer:
    shown, token = _search(state, request)
    return page_answer("traces", map(_as_version_2, shown), token)


def delete(state: TrackingState, request: requests.DeleteTraces) -> Answer:
    """Delete traces by id, or the oldest ones up to a time."""
    ids = request.request_ids or request.trace_ids
    kept = [info for info in _all(state) if _experiment(info) == request.experiment_id]
    latest = float("inf") if request.max_timestamp_millis is None else request.max_timestamp_millis
    old = sorted((info for info in kept if _time_ms(info) <= latest), key=_time_ms)
    chosen = [info for info in kept if info["trace_id"] in ids] if ids else old[: request.max_traces]
    for info in chosen:
        state.write("tracking.trace_deleted", trace_id=info["trace_id"])
        shutil.rmtree(_folder(state, info["trace_id"]), ignore_errors=True)
    return {"traces_deleted": len(chosen)}


def _search(state: TrackingState, request: requests.SearchTraces) -> tuple[list[TraceInfo], str]:
    wanted = {_experiment({"trace_location": place}) for place in request.locations or ()}
    wanted |= set(request.experiment_ids or ())
    found = _SEARCHABLE.filter([info for info in _all(state) if _experiment(info) in wanted], request.filter)
    newest = sorted(found, key=lambda info: (-_time_ms(info), info["trace_id"]))
    ordered = _SEARCHABLE.sort(newest, request.order_by or ())
    return page(ordered, request.page_token, request.max_results, 100, 50_000)


def _all(state: TrackingState) -> list[TraceInfo]:
    """Return the traces whose files exist and are readable."""
    found = []
    for trace_id in state.tracked.traces:
        with suppress(RefusedError):
            found.append(_read(state, trace_id))
    return found


def create_assessment(state: TrackingState, request: requests.Assessment) -> Answer:
    info = _read(state, request.trace_id)
    assessment = {
        **(request.assessment or {}),
        "assessment_id": f"a-{uuid.uuid4().hex}",
        "trace_id": request.trace_id,
    }
    info["assessments"] = [*info.get("assessments", ()), assessment]
    _keep(state, info)
    return {"assessment": assessment}


def get_assessment(state: TrackingState, request: requests.Assessment) -> Answer:
    return {"assessment": _assessment(_read(state, request.trace_id), request.assessment_id)}


def update_assessment(state: TrackingState, request: requests.Assessment) -> Answer:
    info = _read(state, request.trace_id)
    assessment = _assessment(info, request.assessment_id)
    assessment |= {
        name: value for name, value in (request.assessment or {}).items() if name != "assessment_id"
    }
    _keep(state, info)
    return {"assessment": assessment}


def delete_assessment(state: TrackingState, request: requests.Assessment) -> Answer:
    info = _read(state, request.trace_id)
    info["assessments"].remove(_assessment(info, request.assessment_id))
    _keep(state, info)
    return {}


def _assessment(info: TraceInfo, assessment_id: str) -> TraceInfo:
    for assessment in info.get("assessments", ()):
        if assessment["assessment_id"] == assessment_id:
            found: TraceInfo = assessment
            return found
    raise missing(f"Assessment with ID '{assessment_id}' not found for trace '{info['trace_id']}'")


def _read_trace(trace: Mapping[str, Any]) -> TraceInfo:
    """Check the info that a client sends with version 3. Raises RefusedError if a field has a wrong type."""
    try:
        msgspec.convert(trace.get("trace_info"), _Shape)
    except msgspec.ValidationError as error:
        raise invalid(f"Invalid value for parameter 'trace.trace_info' supplied: {error}") from error
    info = dict(trace["trace_info"])
    if not _ID.fullmatch(info["trace_id"]):
        raise invalid("Missing value for required parameter 'trace.trace_info.trace_id'.")
    return info


def _create_trace(request: requests.StartTrace) -> TraceInfo:
    """Create a trace's info as in version 3, from a request of version 2."""
    try:
        started = datetime.fromtimestamp((request.timestamp_ms or 0) / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise invalid(
            f"Invalid value {request.timestamp_ms} for parameter 'timestamp_ms' supplied"
        ) from error
    return {
        "trace_id": f"tr-{uuid.uuid4().hex}",
        "trace_location": {
            "type": "MLFLOW_EXPERIMENT",
            "mlflow_experiment": {"experiment_id": request.experiment_id or EXPERIMENT_ID},
        },
        "request_time": stamp_of(started),
        "state": "IN_PROGRESS",
        "trace_metadata": requests.values_of(request.request_metadata),
        "tags": requests.values_of(request.tags),
    }


def _as_version_2(info: TraceInfo) -> TraceInfo:
    return {
        "request_id": info["trace_id"],
        "experiment_id": _experiment(info),
        "timestamp_ms": _time_ms(info),
        "execution_time_ms": _duration_ms(info) or 0,
        "status": info.get("state", "TRACE_STATUS_UNSPECIFIED"),
        "request_metadata": [{"key": key, "value": value} for key, value in _metadata(info).items()],
        "tags": [{"key": key, "value": value} for key, value in _tags(info).items()],
    }


def _folder(state: TrackingState, trace_id: str) -> Path:
    return state.identity.artifacts / "traces" / trace_id


def _keep(state: TrackingState, info: TraceInfo) -> None:
    folder = _folder(state, info["trace_id"])
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "trace_info.json", info)


def _read(state: TrackingState, trace_id: str) -> TraceInfo:
    try:
        known = _ID.fullmatch(trace_id) is not None
        info = json.loads((_folder(state, trace_id) / "trace_info.json").read_text()) if known else None
        msgspec.convert(info, _Shape)
    except (OSError, ValueError, RecursionError):  # deleted or damaged
        info = None
    if not isinstance(info, dict):
        raise missing(f"Trace with ID '{trace_id[:100]}' not found.")
    return info


def _tags(info: TraceInfo) -> dict[str, str]:
    return dict(info.get("tags") or {})


def _metadata(info: TraceInfo) -> dict[str, str]:
    return dict(info.get("trace_metadata") or {})


def _experiment(info: TraceInfo) -> str:
    place = (info.get("trace_location") or {}).get("mlflow_experiment")
    return str(place.get("experiment_id", EXPERIMENT_ID)) if isinstance(place, dict) else EXPERIMENT_ID


def _time_ms(info: TraceInfo) -> int:
    try:
        return int(datetime.fromisoformat(str(info.get("request_time"))).timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0


def _duration_ms(info: TraceInfo) -> float | None:
    text = str(info.get("execution_duration", ""))
    try:
        return float(text.removesuffix("s")) * 1000 if text else None
    except ValueError:
        return None


_SEARCHABLE: Searchable[TraceInfo] = Searchable(
    texts={
        "trace_id": lambda info: info["trace_id"],
        "name": lambda info: _tags(info).get("mlflow.traceName"),
        "status": lambda info: info.get("state"),
        "run_id": lambda info: _metadata(info).get("mlflow.sourceRun"),
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
