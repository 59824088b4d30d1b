"""Registered models and their versions, in MLflow's format."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from dressage.results.versions import ModelVersion
from dressage.storage.registry_notes import RegisteredModel, VersionNotes
from dressage.supervision.tracking.answers import Answer, pairs
from dressage.supervision.tracking.errors import invalid, missing
from dressage.supervision.tracking.search import Clause
from dressage.supervision.tracking.state import TrackingState

STAGES = {stage.lower(): stage for stage in ("None", "Staging", "Production", "Archived")}
_DIGITS = 18
PROMPT = "mlflow.prompt.is_prompt"
KINDS = {
    **dict.fromkeys(("attribute", "attributes"), "attribute"),
    **dict.fromkeys(("tag", "tags"), "tag"),
}


class Version(NamedTuple):
    """A version with its model and its notes."""

    model: RegisteredModel
    version: ModelVersion
    notes: VersionNotes


def model_answer(state: TrackingState, model: RegisteredModel) -> Answer:
    return {"registered_model": {**_registry_answer(model), "latest_versions": latest_of(state, model)}}


def latest_of(state: TrackingState, model: RegisteredModel) -> list[Answer]:
    """Return the newest version of each stage."""
    newest: dict[str, Answer] = {}
    for version in state.registry.versions(model.name):
        notes = state.registry.notes_of(model, version)
        newest.setdefault(notes.stage, version_answer(Version(model, version, notes))["model_version"])
    return list(newest.values())


def version_answer(found: Version) -> Answer:
    model, version, notes = found
    number = version.version
    answer = {
        "name": model.name,
        "version": str(number),
        "creation_timestamp": notes.created_ms,
        "last_updated_timestamp": notes.updated_ms,
        "current_stage": notes.stage,
        "description": notes.description or "",
        "source": source_of(version),
        "run_id": notes.run_id or "",
        "run_link": notes.run_link or "",
        "model_id": notes.model_id,
        "status": "READY",
        "tags": pairs(tags_of(found)),
        "aliases": model.aliases_of(number),
    }
    return {"model_version": {key: value for key, value in answer.items() if value is not None}}


def _registry_answer(model: RegisteredModel) -> Answer:
    return {
        "name": model.name,
        "creation_timestamp": model.created_ms,
        "last_updated_timestamp": model.updated_ms,
        "description": model.description or "",
        "tags": pairs(model.tags),
        "aliases": [{"alias": alias, "version": str(number)} for alias, number in model.aliases.items()],
    }


def source_of(version: ModelVersion) -> str:
    return version.source or f"models:/{version.name}/{version.version}"


def tags_of(found: Version) -> dict[str, str]:
    return found.notes.tags_over(found.version.tags)


def all_models(state: TrackingState) -> list[RegisteredModel]:
    registry = state.registry
    return [model for name in registry.names() if (model := registry.find(name))]


def get_model(state: TrackingState, name: str) -> RegisteredModel:
    """Return a registered model. Raises RefusedError if the name is not registered."""
    check_name(name)
    found = state.registry.find(name)
    if found is None:
        raise missing(f"Registered Model with name={name} not found")
    return found


def get_version(state: TrackingState, name: str, number: str | None) -> Version:
    """Return a model version. Raises RefusedError if it does not exist."""
    model = get_model(state, name)
    version = state.registry.version(name, version_number(number))
    if version is None:
        raise missing(f"Model Version (name={name}, version={number}) not found")
    return Version(model, version, state.registry.notes_of(model, version))


def version_number(number: str | None) -> int:
    if number is None or not (number.isascii() and number.isdecimal() and len(number) < _DIGITS):
        raise invalid(f"Parameter 'version' must be an integer, got '{str(number)[:100]}'.")
    return int(number)


@contextmanager
def edit(state: TrackingState, name: str) -> Iterator[RegisteredModel]:
    """Lock a model, and save the changes made in the block. Raises RefusedError if the name is not registered."""
    check_name(name)
    try:
        with state.registry.edit(name) as model:
            yield model
    except LookupError as error:
        raise missing(f"Registered Model with name={name} not found") from error


def asks_for_prompts(clauses: Iterable[Clause]) -> bool:
    return any(clause.key == PROMPT for clause in clauses)


def check_name(name: str) -> None:
    if not name.strip():
        raise invalid("Missing value for required parameter 'name'.")
    if any(letter in name for letter in "/:@\0") or name.startswith(".") or len(name.encode()) > 200:
        raise invalid(
            f"Invalid model name '{name[:300]}'. Names cannot contain '/', ':' or '@', begin with '.', or have more"
            " than 200 bytes."
        )


def stage_of(stage: str) -> str:
    if stage.lower() not in STAGES:
        raise invalid(
            f"Invalid Model Version stage: {stage}. Value must be one of {', '.join(STAGES.values())}."
        )
    return STAGES[stage.lower()]


def is_no_prompt(_: object, key: str, sign: str, value: str) -> bool:
    """Return whether a condition holds for a model without the prompt tag, which is not a prompt."""
    return key == PROMPT and (sign, value) in (("=", "false"), ("!=", "true"))
