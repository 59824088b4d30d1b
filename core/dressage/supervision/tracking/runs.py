"""Runs: opening, changing and finding them."""

import uuid
from collections.abc import Mapping
from typing import Any

from dressage.results.tracking import Input, RunData
from dressage.supervision.tracking import requests
from dressage.supervision.tracking.answers import Answer, files_answer, paged, run_answer, run_info
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


def create(state: TrackingState, asked: requests.CreateRun) -> Answer:
    """The first run that a script opens is the run itself; others are kept beside or below it."""
    experiment = state.active_experiment(asked.experiment_id)
    tags = {tag["key"]: tag["value"] for tag in tag_items(asked.tags or ())}
    name = _name(asked.run_name, tags)
    fields: dict[str, Any] = {
        "user": asked.user_id or "",
        "started_ms": asked.start_time or now_ms(),
        "experiment_id": experiment.experiment_id,
    }
    if state.is_opened or "mlflow.parentRunId" in tags:
        run_id = uuid.uuid4().hex
        name = name or f"run-{run_id[:8]}"
        state.write("tracking.run", run_id, name=name, **fields)
    else:
        run_id = state.active_run(state.identity.run_id).run_id
        name = name or state.tracked.name
        state.write(
            "tracking.status", status="RUNNING", deleted=False, run_name=name, end_time=None, **fields
        )
    items = [{"key": key, "value": value} for key, value in {"mlflow.runName": name, **tags}.items()]
    state.write("tags", run_id, items=items)
    return {"run": run_answer(state, state.run(run_id))}


def _name(given: str | None, tags: Mapping[str, str]) -> str | None:
    """What a client calls a run, in a field or in a tag."""
    tag = tags.get("mlflow.runName")
    if given and tag and given != tag:
        raise invalid(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values"
            f" (run_name='{given}', mlflow.runName='{tag}')."
        )
    return given or tag


def get(state: TrackingState, asked: requests.OfRun) -> Answer:
    return {"run": run_answer(state, state.run(requests.run_id_of(asked)))}


def update(state: TrackingState, asked: requests.UpdateRun) -> Answer:
    """The client's word on how it ended is kept; the script's exit code decides how the run did."""
    experiment_id = state.experiment_of(state.run(requests.run_id_of(asked)))
    run = state.active_run(requests.run_id_of(asked))
    if asked.status is not None and asked.status not in _STATUSES:
        raise invalid(
            f"Invalid value {asked.status!r} for parameter 'status' supplied: use one of {_STATUSES}"
        )
    fields = {"status": asked.status, "end_time": asked.end_time, "run_name": asked.run_name}
    given = {name: value for name, value in fields.items() if value is not None}
    state.write("tracking.status", run.run_id, experiment_id=experiment_id, **given)
    if asked.run_name:
        state.write("tags", run.run_id, items=[{"key": "mlflow.runName", "value": asked.run_name}])
    return {"run_info": run_info(state, run)}


def delete(state: TrackingState, asked: requests.OfRun) -> Answer:
    state.write("tracking.status", state.run(requests.run_id_of(asked)).run_id, deleted=True)
    return {}


def restore(state: TrackingState, asked: requests.OfRun) -> Answer:
    state.write("tracking.status", state.run(requests.run_id_of(asked)).run_id, deleted=False)
    return {}


def search(state: TrackingState, asked: requests.SearchRuns) -> Answer:
    wanted, deleted = set(asked.experiment_ids or ()), view(asked.run_view_type)
    runs = [run for run in state.runs() if state.experiment_of(run) in wanted and run.deleted in deleted]
    found = _searchable(state).filter(runs, asked.filter)
    newest = sorted(found, key=lambda run: (-run.started_ms, run.run_id))
    ordered = _searchable(state).sort(newest, asked.order_by or ())
    shown, token = page(ordered, asked.page_token, asked.max_results, 1000, 50_000)
    return paged("runs", (run_answer(state, run) for run in shown), token)


def list_artifacts(state: TrackingState, asked: requests.ListArtifacts) -> Answer:
    root = state.artifacts_of(state.run(requests.run_id_of(asked)))
    return files_answer(root, asked.path)


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
        many={"dataset": lambda run, key: [_facts_of(read).get(key) for read in run.inputs]},
        facts=frozenset({"name", "digest", "context"}),
        lists=frozenset({"run_id"}),
        aliases={
            **dict.fromkeys(("created", "Created"), "start_time"),
            **dict.fromkeys(("run name", "Run name", "Run Name"), "run_name"),
        },
    )


def _facts_of(read: Input) -> dict[str, str]:
    context = read.tags.get("mlflow.data.context")
    return {"name": read.name, "digest": read.digest, **({"context": context} if context else {})}
