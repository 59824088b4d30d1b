"""Requests about registered models: the names in the workspace's own registry, their tags and aliases."""

import re

from dressage.storage.registry_notes import RegisteredModel
from dressage.supervision.tracking import requests
from dressage.supervision.tracking.answers import Answer, paged
from dressage.supervision.tracking.errors import exists, invalid
from dressage.supervision.tracking.registry_views import (
    KINDS,
    PROMPT,
    STAGES,
    all_models,
    asks_for_prompts,
    changing,
    check_name,
    is_no_prompt,
    latest_of,
    model_answer,
    stage_of,
    the_model,
    the_version,
    version_answer,
)
from dressage.supervision.tracking.search import Searchable, page
from dressage.supervision.tracking.state import TrackingState, now_ms

_ALIAS = re.compile(r"[\w-]+")
_MODELS: Searchable[RegisteredModel] = Searchable(
    texts={"name": lambda model: model.name},
    numbers={
        **dict.fromkeys(("last_updated_timestamp", "timestamp"), lambda model: model.updated_ms),
        "creation_timestamp": lambda model: model.created_ms,
    },
    kinds=KINDS,
    values={"tag": lambda model: model.tags},
    lists=frozenset({"name"}),
    default=is_no_prompt,
)


def create(state: TrackingState, asked: requests.CreateRegisteredModel) -> Answer:
    check_name(asked.name)
    now, tags = now_ms(), requests.values_of(asked.tags)
    model = RegisteredModel(
        name=asked.name, created_ms=now, updated_ms=now, description=asked.description, tags=tags
    )
    try:
        state.registry.create(model)
    except FileExistsError as error:
        raise exists(f"Registered Model (name={asked.name}) already exists.") from error
    return model_answer(state, model)


def get(state: TrackingState, asked: requests.OfRegisteredModel) -> Answer:
    return model_answer(state, the_model(state, asked.name))


def update(state: TrackingState, asked: requests.UpdateRegisteredModel) -> Answer:
    with changing(state, asked.name) as model:
        model.description, model.updated_ms = asked.description, now_ms()
    return model_answer(state, model)


def rename(state: TrackingState, asked: requests.RenameRegisteredModel) -> Answer:
    check_name(asked.new_name)
    with changing(state, asked.name) as model:
        model.updated_ms = now_ms()
    try:
        state.registry.rename(asked.name, asked.new_name)
    except FileExistsError as error:
        raise exists(f"Registered Model (name={asked.new_name}) already exists.") from error
    return model_answer(state, the_model(state, asked.new_name))


def delete(state: TrackingState, asked: requests.OfRegisteredModel) -> Answer:
    the_model(state, asked.name)
    state.registry.delete(asked.name)
    return {}


def set_tag(state: TrackingState, asked: requests.RegisteredModelTag) -> Answer:
    with changing(state, asked.name) as model:
        model.tags[asked.key] = asked.value or ""
    return {}


def delete_tag(state: TrackingState, asked: requests.RegisteredModelTag) -> Answer:
    with changing(state, asked.name) as model:
        model.tags.pop(asked.key, None)
    return {}


def set_alias(state: TrackingState, asked: requests.Alias) -> Answer:
    if not _ALIAS.fullmatch(asked.alias):
        raise invalid(f"Invalid alias name: '{asked.alias}': use letters, digits, '_' and '-'.")
    if asked.alias.lower() == "latest" or re.fullmatch(r"[vV]\d+", asked.alias):
        raise invalid(f"Version alias name '{asked.alias}' is reserved.")
    with changing(state, asked.name) as model:
        model.aliases[asked.alias] = the_version(state, asked.name, asked.version).version.version
    return {}


def delete_alias(state: TrackingState, asked: requests.Alias) -> Answer:
    with changing(state, asked.name) as model:
        model.aliases.pop(asked.alias, None)
    return {}


def get_by_alias(state: TrackingState, asked: requests.Alias) -> Answer:
    model = the_model(state, asked.name)
    number = model.aliases.get(asked.alias)
    if asked.alias.lower() == "latest":
        number = max((version.version for version in state.registry.versions(asked.name)), default=None)
    if number is None:
        raise invalid(f"Registered model alias {asked.alias} not found.")
    return version_answer(the_version(state, asked.name, str(number)))


def search(state: TrackingState, asked: requests.Search) -> Answer:
    found = _MODELS.filter(all_models(state), asked.filter)
    if not asks_for_prompts(_MODELS.clauses(asked.filter)):
        found = [model for model in found if model.tags.get(PROMPT) != "true"]
    ordered = _MODELS.sort(found, asked.order_by or ())
    shown, token = page(ordered, asked.page_token, asked.max_results, 100, 1000)
    answers = (model_answer(state, model)["registered_model"] for model in shown)
    return paged("registered_models", answers, token)


def latest_versions(state: TrackingState, asked: requests.LatestVersions) -> Answer:
    wanted = {stage_of(stage) for stage in asked.stages or STAGES}
    latest = latest_of(state, the_model(state, asked.name))
    return {"model_versions": [answer for answer in latest if answer["current_stage"] in wanted]}
