"""Requests that open, change and find runs."""

import uuid
from collections.abc import Mapping
from typing import Any

from dressage.results.tracking import Input, RunData
from dressage.supervision.tracking import requests
from dressage.supervision.tracking.answers import Answer, files_answer, page_answer, run_answer, run_info
from dressage.supervision.tracking.errors import invalid
from dressage.supervision.tracking.experiments import view
from dressage.supervision.tracking.run_data import tag_items
from dressage.supervision.tracking.search import Searchable, page
from dressage.supervision.tracking.state import TrackingState, address_of, now_ms

_STATUSES = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")
_KINDS = {
    **dict.fromkeys(("metric", "metrics"), "metric"),
    **dict.fromkeys(("parameter", "parameters", "param", "params"), "param"),
    **dict.fromkeys(("tag", "tags"), "tag"),
    **dict.fromkeys(("attribute", "attributes", "attr", "run"), "attribute"),
    **dict.fromkeys(("dataset", "datasets"), "dataset"),
}


def create(state: TrackingState, request: requests.CreateRun) -> Answer:
    """Open a run. The first run without a parent is the dressage run itself; all others are further runs."""
    experiment = state.active_experiment(request.experiment_id)
    tags = {tag["key"]: tag["value"] for tag in tag_items(request.tags or ())}
    name = _name(request.run_name, tags)
    fields: dict[str, Any] = {
        "user": request.user_id or "",
        "started_ms": request.start_time or now_ms(),
        "experiment_id": experiment.experiment_id,
    }
    if state.is_opened or "mlflow.parentRunId" in tags:
        run_id = uuid.uuid4().hex
        name = name or f"run-{run_id[:8]}"
        state.write("tracking.run", run_id, name=name, **fields)
    else:
        run_id = state.open_run(state.identity.run_id).run_id
        name = name or state.tracked.name
        state.write(
            "tracking.status", status="RUNNING", deleted=False, run_name=name, end_time=None, **fields
        )
    items = [{"key": key, "value": value} for key, value in {"mlflow.runName": name, **tags}.items()]
    state.write("tags", run_id, items=items)
    return {"run": run_answer(state, state.run(run_id))}


def _name(given: str | None, tags: Mapping[str, str]) -> str | None:
    """Return the run's name, from the field or the tag. Raises RefusedError if they differ."""
    tag = tags.get("mlflow.runName")
    if given and tag and given != tag:
        raise invalid(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values"
            f" (run_name='{given}', mlflow.runName='{tag}')."
        )
    return given or tag


def get(state: TrackingState, request: requests.RunById) -> Answer:
    return {"run": run_answer(state, state.run(requests.run_id_of(request)))}


def update(state: TrackingState, request: requests.UpdateRun) -> Answer:
    """Record the status that the client reports. The script's exit code decides how the dressage run ended."""
    experiment_id = state.experiment_of(state.run(requests.run_id_of(request)))
    run = state.open_run(requests.run_id_of(request))
    if request.status is not None and request.status not in _STATUSES:
        raise invalid(
            f"Invalid value {request.status!r} for parameter 'status' supplied: use one of {_STATUSES}"
        )
    fields = {"status": request.status, "end_time": request.end_time, "run_name": request.run_name}
    given = {name: value for name, value in fields.items() if value is not None}
    state.write("tracking.status", run.run_id, experiment_id=experiment_id, **given)
    if request.run_name:
        state.write("tags", run.run_id, items=[{"key": "mlflow.runName", "value": request.run_name}])
    return {"run_info": run_info(state, run)}


def delete(state: TrackingState, request: requests.RunById) -> Answer:
    state.write("tracking.status", state.run(requests.run_id_of(request)).run_id, deleted=True)
    return {}


def restore(state: TrackingState, request: requests.RunById) -> Answer:
    state.write("tracking.status", state.run(requests.run_id_of(request)).run_id, deleted=False)
    return {}


def search(state: TrackingState, request: requests.SearchRuns) -> Answer:
    wanted, deleted = set(request.experiment_ids or ()), view(request.run_view_type)
    runs = [run for run in state.runs() if state.experiment_of(run) in wanted and run.deleted in deleted]
    found = _searchable(state).filter(runs, request.filter)
    newest = sorted(found, key=lambda run: (-run.started_ms, run.run_id))
    ordered = _searchable(state).sort(newest, request.order_by or ())
    shown, token = page(ordered, request.page_token, request.max_results, 1000, 50_000)
    return page_answer("runs", (run_answer(state, run) for run in shown), token)


def list_artifacts(state: TrackingState, request: requests.ListArtifacts) -> Answer:
    root = state.artifacts_of(state.run(requests.run_id_of(request)))
    return files_answer(root, request.path)


def _searchable(state: TrackingState) -> Searchable[RunData]:
    return Searchable(
        texts={
            "run_id": lambda run: run.run_id,
            "run_name": lambda run: run.name,
            "user_id": lambda run: run.user,
            "status": lambda run: run.status,
            "artifact_uri": lambda run: address_of(state.artifacts_of(run)),
        },
        numbers={"start_time": lambda run: run.started_ms, "end_time": lambda run: run.ended_ms},
        kinds=_KINDS,
        values={
            "metric": lambda run: run.latest(),
            "param": lambda run: run.params,
            "tag": lambda run: run.tags,
        },
        many={"dataset": lambda run, key: [_dataset_fields(read).get(key) for read in run.inputs]},
        dataset_keys=frozenset({"name", "digest", "context"}),
        lists=frozenset({"run_id"}),
        aliases={
            **dict.fromkeys(("created", "Created"), "start_time"),
            **dict.fromkeys(("run name", "Run name", "Run Name"), "run_name"),
        },
    )


def _dataset_fields(read: Input) -> dict[str, str]:
    context = read.tags.get("mlflow.data.context")
    return {"name": read.name, "digest": read.digest, **({"context": context} if context else {})}
