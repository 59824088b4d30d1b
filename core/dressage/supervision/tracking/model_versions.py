"""Requests about model versions."""

import re
from collections.abc import Callable

from dressage.storage.registry_notes import RegisteredModel, VersionNotes
from dressage.supervision.tracking import requests
from dressage.supervision.tracking.answers import Answer, paged
from dressage.supervision.tracking.errors import invalid, missing
from dressage.supervision.tracking.registry_views import (
    KINDS,
    PROMPT,
    Version,
    all_models,
    asks_for_prompts,
    changing,
    check_name,
    is_no_prompt,
    source_of,
    stage_of,
    tags_of,
    the_model,
    the_version,
    version_answer,
)
from dressage.supervision.tracking.search import Searchable, page
from dressage.supervision.tracking.sources import Source, resolve_source
from dressage.supervision.tracking.state import TrackingState, address_of, now_ms

_COPIED = re.compile(r"models:/([^/]+)/(\d+)")
"""The source of a version that was copied from another one."""
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


def create(state: TrackingState, asked: requests.CreateModelVersion) -> Answer:
    """A version from what this script logged, or from an address elsewhere, which is kept as an address."""
    check_name(asked.name)
    the_model(state, asked.name)
    with state.lock:  # what the script logs meanwhile must not change under us; copying takes no lock
        source = resolve_source(state, asked, requests.values_of(asked.tags))
        origin = _origin(state, source)
    now = now_ms()
    notes = VersionNotes(
        created_ms=now,
        updated_ms=now,
        run_id=source.run_id,
        model_id=source.model_id,
        run_link=asked.run_link,
        description=asked.description,
        tags=dict(requests.values_of(asked.tags)),
    )
    try:
        version = state.registry.add(asked.name, source.content, asked.source, notes, **origin)
    except LookupError as error:  # renamed or deleted meanwhile
        raise missing(f"Registered Model with name={asked.name} not found") from error
    number = str(version.version)
    state.write("tracking.registered", name=asked.name, version=version.version, model_id=source.model_id)
    return version_answer(the_version(state, asked.name, number))


def get(state: TrackingState, asked: requests.OfModelVersion) -> Answer:
    return version_answer(the_version(state, asked.name, asked.version))


def update(state: TrackingState, asked: requests.UpdateModelVersion) -> Answer:
    def change(_: RegisteredModel, notes: VersionNotes) -> None:
        notes.description, notes.updated_ms = asked.description, now_ms()

    return version_answer(_changed(state, asked, change))


def transition_stage(state: TrackingState, asked: requests.TransitionStage) -> Answer:
    stage = stage_of(asked.stage)
    if asked.archive_existing_versions and stage not in ("Staging", "Production"):
        raise invalid(
            f"Model version transition cannot archive existing versions: {stage!r} is not an Active stage."
        )

    def change(model: RegisteredModel, notes: VersionNotes) -> None:
        for other in model.versions.values() if asked.archive_existing_versions else ():
            if other is not notes and other.stage == stage:
                other.stage, other.updated_ms = "Archived", now_ms()
        notes.stage, notes.updated_ms = stage, now_ms()
        model.updated_ms = notes.updated_ms

    return version_answer(_changed(state, asked, change))


def delete(state: TrackingState, asked: requests.OfModelVersion) -> Answer:
    number = the_version(state, asked.name, asked.version).version.version
    state.registry.delete_version(asked.name, number, now_ms=now_ms())
    return {}


def set_tag(state: TrackingState, asked: requests.ModelVersionTag) -> Answer:
    _changed(state, asked, lambda _, notes: notes.tags.update({asked.key: asked.value or ""}))
    return {}


def delete_tag(state: TrackingState, asked: requests.ModelVersionTag) -> Answer:
    def change(_: RegisteredModel, notes: VersionNotes) -> None:
        notes.tags[asked.key] = None

    _changed(state, asked, change)
    return {}


def search(state: TrackingState, asked: requests.Search) -> Answer:
    every = [
        Version(model, version, state.registry.notes_of(model, version))
        for model in all_models(state)
        for version in state.registry.versions(model.name)
    ]
    found = _VERSIONS.filter(every, asked.filter)
    if not asks_for_prompts(_VERSIONS.clauses(asked.filter)):
        found = [version for version in found if version.notes.tags.get(PROMPT) != "true"]
    found.sort(key=lambda each: (each.model.name, -each.version.version))
    ordered = _VERSIONS.sort(found, asked.order_by or ["last_updated_timestamp DESC"])
    shown, token = page(ordered, asked.page_token, asked.max_results, 10_000, 200_000)
    return paged("model_versions", (version_answer(version)["model_version"] for version in shown), token)


def download_address(state: TrackingState, asked: requests.OfModelVersion) -> Answer:
    """The folder from which a client reads a version: a copy, because MLflow's client writes a file into it."""
    version = the_version(state, asked.name, asked.version).version
    seen = set()
    while not version.files and (copied := _COPIED.fullmatch(source_of(version))) and copied[0] not in seen:
        seen.add(copied[0])
        version = the_version(state, copied[1], copied[2]).version
    if not version.files:
        return {"artifact_uri": source_of(version)}
    return {"artifact_uri": address_of(state.registry.copy_to(version, state.models_folder))}


def _changed(
    state: TrackingState,
    asked: requests.OfModelVersion,
    change: Callable[[RegisteredModel, VersionNotes], object],
) -> Version:
    number = the_version(state, asked.name, asked.version).version.version
    with changing(state, asked.name) as model:
        version = state.registry.version(asked.name, number)
        if version is None:
            raise missing(f"Model Version (name={asked.name}, version={number}) not found")
        notes = model.versions.setdefault(str(number), state.registry.notes_of(model, version))
        change(model, notes)
    return the_version(state, asked.name, str(number))


def _origin(state: TrackingState, source: Source) -> dict[str, object]:
    """Lineage and metrics of a version that this script registered."""
    run = state.tracked.runs.get(source.run_id or "", state.tracked)
    return {"lineage": state.lineage(), "metrics": run.latest() if source.content else {}}
