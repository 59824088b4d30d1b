"""Requests about experiments: any name is accepted, and all of them belong to this run."""

from typing import Any

from dressage.results.tracking import Experiment
from dressage.supervision.tracking import requests
from dressage.supervision.tracking.answers import Answer, experiment_answer, page_answer
from dressage.supervision.tracking.errors import exists, invalid, missing
from dressage.supervision.tracking.search import Searchable, page
from dressage.supervision.tracking.state import EXPERIMENT_ID, TrackingState, now_ms

_SEARCHABLE: Searchable[Experiment] = Searchable(
    texts={"name": lambda experiment: experiment.name, "experiment_id": lambda found: found.experiment_id},
    numbers={
        "creation_time": lambda experiment: experiment.created_ms,
        "last_update_time": lambda experiment: experiment.updated_ms or experiment.created_ms,
    },
    kinds={
        "attribute": "attribute",
        "attr": "attribute",
        "attributes": "attribute",
        "tag": "tag",
        "tags": "tag",
    },
    values={"tag": lambda experiment: experiment.tags},
    lists=frozenset({"experiment_id"}),
    orders={"experiment_id": lambda experiment: int(experiment.experiment_id)},
)
_MAX_EXPERIMENTS = 20
_VIEWS = {"ACTIVE_ONLY": (False,), "DELETED_ONLY": (True,), "ALL": (False, True)}


def get(state: TrackingState, request: requests.ExperimentById) -> Answer:
    return _select(state, state.experiment(request.experiment_id))


def get_by_name(state: TrackingState, request: requests.ExperimentByName) -> Answer:
    found = _by_name(state, request.experiment_name)
    if found is None:
        raise missing(f"Could not find experiment with name '{request.experiment_name}'")
    return _select(state, found)


def create(state: TrackingState, request: requests.CreateExperiment) -> Answer:
    if _by_name(state, request.name):
        raise exists(f"Experiment(name={request.name}) already exists.")
    experiment_id = str(len(state.tracked.experiments))
    tags = [{"key": tag.key, "value": tag.value or ""} for tag in request.tags or ()]
    state.write(
        "tracking.experiment", experiment_id=experiment_id, name=request.name, created_ms=now_ms(), tags=tags
    )
    if request.artifact_location:
        state.refuse("POST experiments/create artifact_location", "")
    state.experiment_id = experiment_id
    return {"experiment_id": experiment_id}


def update(state: TrackingState, request: requests.UpdateExperiment) -> Answer:
    if request.new_name is not None and request.new_name != _own_name(state, request.experiment_id):
        if _by_name(state, request.new_name):
            raise exists(f"Experiment(name={request.new_name}) already exists.")
        _get_other(state, request.experiment_id, "rename")
        _change(state, state.active_experiment(request.experiment_id), name=request.new_name)
    return {}


def delete(state: TrackingState, request: requests.ExperimentById) -> Answer:
    _mark(state, _get_other(state, request.experiment_id, "delete"), deleted=True)
    return {}


def restore(state: TrackingState, request: requests.ExperimentById) -> Answer:
    _mark(state, state.experiment(request.experiment_id), deleted=False)
    return {}


def set_tag(state: TrackingState, request: requests.ExperimentTag) -> Answer:
    found = state.active_experiment(request.experiment_id)
    _change(state, found, tags=[{"key": request.key, "value": request.value or ""}])
    return {}


def delete_tag(state: TrackingState, request: requests.ExperimentTag) -> Answer:
    found = state.experiment(request.experiment_id)
    if request.key not in found.tags:
        raise missing(f"No tag with key: {request.key} in experiment with id: {request.experiment_id}")
    _change(state, found, tags=[{"key": request.key, "value": None}])
    return {}


def search(state: TrackingState, request: requests.SearchExperiments) -> Answer:
    wanted = view(request.view_type)
    active = [found for found in state.tracked.experiments.values() if found.deleted in wanted]
    matching = _SEARCHABLE.filter(active, request.filter)
    newest = sorted(matching, key=lambda found: (-found.created_ms, -int(found.experiment_id)))
    found, token = page(
        _SEARCHABLE.sort(newest, request.order_by or ()),
        request.page_token,
        request.max_results,
        1000,
        50_000,
    )
    return page_answer("experiments", (experiment_answer(state, each) for each in found), token)


def datasets(state: TrackingState, request: requests.SearchDatasets) -> Answer:
    """Return the datasets that the runs of some experiments read, each once."""
    wanted = set(request.experiment_ids or ())
    if not wanted:
        raise invalid("SearchDatasets request must specify at least one experiment_id.")
    if len(wanted) > _MAX_EXPERIMENTS:
        raise invalid(f"SearchDatasets request cannot specify more than {_MAX_EXPERIMENTS} experiment_ids.")
    found = {
        (read.name, read.digest, run.experiment_id): read.tags.get("mlflow.data.context")
        for run in state.runs()
        for read in run.inputs
        if run.experiment_id in wanted
    }
    return {
        "dataset_summaries": [
            {"name": name, "digest": digest, "experiment_id": experiment_id}
            | ({"context": context} if context else {})
            for (name, digest, experiment_id), context in found.items()
        ]
    }


def view(given: str | int | None) -> tuple[bool, ...]:
    """Return the values of `deleted` that a view shows. Older clients send the view as a number."""
    names = {1: "ACTIVE_ONLY", 2: "DELETED_ONLY", 3: "ALL", None: "ACTIVE_ONLY"}
    if isinstance(given, str) and given in ("1", "2", "3"):
        given = int(given)
    name = given if isinstance(given, str) else names.get(given)
    if name not in _VIEWS:
        raise invalid(
            f"Invalid value {str(given)[:40]!r} for parameter 'view_type' supplied: use one of {', '.join(_VIEWS)}"
        )
    return _VIEWS[name]


def _select(state: TrackingState, found: Experiment) -> Answer:
    """Remember the experiment as the one that the script named last, and return it."""
    state.experiment_id = found.experiment_id
    return {"experiment": experiment_answer(state, found)}


def _by_name(state: TrackingState, name: str) -> Experiment | None:
    return next((found for found in state.tracked.experiments.values() if found.name == name), None)


def _own_name(state: TrackingState, experiment_id: str) -> str | None:
    return state.identity.experiment if experiment_id == EXPERIMENT_ID else None


def _get_other(state: TrackingState, experiment_id: str, verb: str) -> Experiment:
    """Return an experiment. Raises RefusedError for the run's own experiment, which cannot be changed."""
    if state.experiment(experiment_id).experiment_id == EXPERIMENT_ID:
        name = state.identity.experiment
        raise invalid(
            f"cannot {verb} {name!r}: it is the experiment of this run; to use another one, see"
            " `dressage run --experiment`"
        )
    return state.experiment(experiment_id)


def _mark(state: TrackingState, found: Experiment, *, deleted: bool) -> None:
    """Delete or restore an experiment with its runs."""
    if found.deleted == deleted:
        stage = "deleted" if deleted else "active"
        raise missing(
            f"No {'active' if deleted else 'deleted'} Experiment with id={found.experiment_id}: it is {stage}"
        )
    _change(state, found, deleted=deleted)
    for run in state.runs():
        if run.experiment_id == found.experiment_id:
            state.write("tracking.status", run.run_id, deleted=deleted)


def _change(state: TrackingState, found: Experiment, **fields: Any) -> None:
    changed: dict[str, Any] = {"name": found.name, "updated_ms": now_ms(), **fields}
    state.write("tracking.experiment", experiment_id=found.experiment_id, **changed)
