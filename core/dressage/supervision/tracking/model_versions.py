"""Requests about model versions."""

import re
from collections.abc import Callable

from dressage.storage.registry_notes import RegisteredModel, VersionNotes
from dressage.supervision.tracking import requests
from dressage.supervision.tracking.answers import Answer, page_answer
from dressage.supervision.tracking.errors import invalid, missing
from dressage.supervision.tracking.registry_views import (
    KINDS,
    PROMPT,
    Version,
    all_models,
    asks_for_prompts,
    check_name,
    edit,
    get_model,
    get_version,
    is_no_prompt,
    source_of,
    stage_of,
    tags_of,
    version_answer,
)
from dressage.supervision.tracking.search import Searchable, page
from dressage.supervision.tracking.sources import Source, resolve_source
from dressage.supervision.tracking.state import TrackingState, address_of, now_ms

_COPIED = re.compile(r"models:/([^/]+)/(\d+)")
"""The source of a version that is a copy of another one."""
_VERSIONS: Searchable[Version] = Searchable(
    texts={
        "name": lambda found: found.model.name,
        "run_id": lambda found: found.notes.run_id,
        "source_path": lambda found: source_of(found.version),
    },
    numbers={
        "version_number": lambda found: found.version.version,
        "creation_timestamp": lambda found: found.notes.created_ms,
        "last_updated_timestamp": lambda found: found.notes.updated_ms,
    },
    kinds=KINDS,
    values={"tag": tags_of},
    lists=frozenset({"name", "run_id"}),
    default=is_no_prompt,
)


def create(state: TrackingState, request: requests.CreateModelVersion) -> Answer:
    """Register a version from files that this script logged, or from another address, whose files are not copied."""
    check_name(request.name)
    get_model(state, request.name)
    with state.lock:  # the source must not change while it is resolved; copying needs no lock
        source = resolve_source(state, request, requests.values_of(request.tags))
        origin = _origin(state, source)
    now = now_ms()
    notes = VersionNotes(
        created_ms=now,
        updated_ms=now,
        run_id=source.run_id,
        model_id=source.model_id,
        run_link=request.run_link,
        description=request.description,
        tags=dict(requests.values_of(request.tags)),
    )
    try:
        version = state.registry.add(request.name, source.content, request.source, notes, **origin)
    except LookupError as error:  # renamed or deleted in the meantime
        raise missing(f"Registered Model with name={request.name} not found") from error
    number = str(version.version)
    state.write("tracking.registered", name=request.name, version=version.version, model_id=source.model_id)
    return version_answer(get_version(state, request.name, number))


def get(state: TrackingState, request: requests.ModelVersionByNumber) -> Answer:
    return version_answer(get_version(state, request.name, request.version))


def update(state: TrackingState, request: requests.UpdateModelVersion) -> Answer:
    def change(_: RegisteredModel, notes: VersionNotes) -> None:
        notes.description, notes.updated_ms = request.description, now_ms()

    return version_answer(_change(state, request, change))


def transition_stage(state: TrackingState, request: requests.TransitionStage) -> Answer:
    stage = stage_of(request.stage)
    if request.archive_existing_versions and stage not in ("Staging", "Production"):
        raise invalid(
            f"Model version transition cannot archive existing versions: {stage!r} is not an Active stage."
        )

    def change(model: RegisteredModel, notes: VersionNotes) -> None:
        for other in model.versions.values() if request.archive_existing_versions else ():
            if other is not notes and other.stage == stage:
                other.stage, other.updated_ms = "Archived", now_ms()
        notes.stage, notes.updated_ms = stage, now_ms()
        model.updated_ms = notes.updated_ms

    return version_answer(_change(state, request, change))


def delete(state: TrackingState, request: requests.ModelVersionByNumber) -> Answer:
    number = get_version(state, request.name, request.version).version.version
    state.registry.delete_version(request.name, number, now_ms=now_ms())
    return {}


def set_tag(state: TrackingState, request: requests.ModelVersionTag) -> Answer:
    _change(state, request, lambda _, notes: notes.tags.update({request.key: request.value or ""}))
    return {}


def delete_tag(state: TrackingState, request: requests.ModelVersionTag) -> Answer:
    def change(_: RegisteredModel, notes: VersionNotes) -> None:
        notes.tags[request.key] = None

    _change(state, request, change)
    return {}


def search(state: TrackingState, request: requests.Search) -> Answer:
    every = [
        Version(model, version, state.registry.notes_of(model, version))
        for model in all_models(state)
        for version in state.registry.versions(model.name)
    ]
    found = _VERSIONS.filter(every, request.filter)
    if not asks_for_prompts(_VERSIONS.clauses(request.filter)):
        found = [version for version in found if version.notes.tags.get(PROMPT) != "true"]
    found.sort(key=lambda each: (each.model.name, -each.version.version))
    ordered = _VERSIONS.sort(found, request.order_by or ["last_updated_timestamp DESC"])
    shown, token = page(ordered, request.page_token, request.max_results, 10_000, 200_000)
    return page_answer(
        "model_versions", (version_answer(version)["model_version"] for version in shown), token
    )


def download_address(state: TrackingState, request: requests.ModelVersionByNumber) -> Answer:
    """Return the folder from which a client reads a version: a copy, because the client writes a file into it."""
    version = get_version(state, request.name, request.version).version
    seen = set()
    while not version.files and (copied := _COPIED.fullmatch(source_of(version))) and copied[0] not in seen:
        seen.add(copied[0])
        version = get_version(state, copied[1], copied[2]).version
    if not version.files:
        return {"artifact_uri": source_of(version)}
    return {"artifact_uri": address_of(state.registry.copy_to(version, state.models_folder))}


def _change(
    state: TrackingState,
    request: requests.ModelVersionByNumber,
    change: Callable[[RegisteredModel, VersionNotes], object],
) -> Version:
    number = get_version(state, request.name, request.version).version.version
    with edit(state, request.name) as model:
        version = state.registry.version(request.name, number)
        if version is None:
            raise missing(f"Model Version (name={request.name}, version={number}) not found")
        notes = model.versions.setdefault(str(number), state.registry.notes_of(model, version))
        change(model, notes)
    return get_version(state, request.name, str(number))


def _origin(state: TrackingState, source: Source) -> dict[str, object]:
    """Return the lineage and metrics of a version that this script registers."""
    run = state.tracked.runs.get(source.run_id or "", state.tracked)
    return {"lineage": state.lineage(), "metrics": run.latest() if source.content else {}}
