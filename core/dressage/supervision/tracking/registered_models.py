"""Requests about registered models: names in the workspace's model registry, their tags and aliases."""

import re

from dressage.storage.registry_notes import RegisteredModel
from dressage.supervision.tracking import requests
from dressage.supervision.tracking.answers import Answer, page_answer
from dressage.supervision.tracking.errors import exists, invalid
from dressage.supervision.tracking.registry_views import (
    KINDS,
    PROMPT,
    STAGES,
    all_models,
    asks_for_prompts,
    check_name,
    edit,
    get_model,
    get_version,
    is_no_prompt,
    latest_of,
    model_answer,
    stage_of,
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


def create(state: TrackingState, request: requests.CreateRegisteredModel) -> Answer:
    check_name(request.name)
    now, tags = now_ms(), requests.values_of(request.tags)
    model = RegisteredModel(
        name=request.name, created_ms=now, updated_ms=now, description=request.description, tags=tags
    )
    try:
        state.registry.create(model)
    except FileExistsError as error:
        raise exists(f"Registered Model (name={request.name}) already exists.") from error
    return model_answer(state, model)


def get(state: TrackingState, request: requests.RegisteredModelByName) -> Answer:
    return model_answer(state, get_model(state, request.name))


def update(state: TrackingState, request: requests.UpdateRegisteredModel) -> Answer:
    with edit(state, request.name) as model:
        model.description, model.updated_ms = request.description, now_ms()
    return model_answer(state, model)


def rename(state: TrackingState, request: requests.RenameRegisteredModel) -> Answer:
    check_name(request.new_name)
    with edit(state, request.name) as model:
        model.updated_ms = now_ms()
    try:
        state.registry.rename(request.name, request.new_name)
    except FileExistsError as error:
        raise exists(f"Registered Model (name={request.new_name}) already exists.") from error
    return model_answer(state, get_model(state, request.new_name))


def delete(state: TrackingState, request: requests.RegisteredModelByName) -> Answer:
    get_model(state, request.name)
    state.registry.delete(request.name)
    return {}


def set_tag(state: TrackingState, request: requests.RegisteredModelTag) -> Answer:
    with edit(state, request.name) as model:
        model.tags[request.key] = request.value or ""
    return {}


def delete_tag(state: TrackingState, request: requests.RegisteredModelTag) -> Answer:
    with edit(state, request.name) as model:
        model.tags.pop(request.key, None)
    return {}


def set_alias(state: TrackingState, request: requests.Alias) -> Answer:
    if not _ALIAS.fullmatch(request.alias):
        raise invalid(f"Invalid alias name: '{request.alias}': use letters, digits, '_' and '-'.")
    if request.alias.lower() == "latest" or re.fullmatch(r"[vV]\d+", request.alias):
        raise invalid(f"Version alias name '{request.alias}' is reserved.")
    with edit(state, request.name) as model:
        model.aliases[request.alias] = get_version(state, request.name, request.version).version.version
    return {}


def delete_alias(state: TrackingState, request: requests.Alias) -> Answer:
    with edit(state, request.name) as model:
        model.aliases.pop(request.alias, None)
    return {}


def get_by_alias(state: TrackingState, request: requests.Alias) -> Answer:
    model = get_model(state, request.name)
    number = model.aliases.get(request.alias)
    if request.alias.lower() == "latest":
        number = max((version.version for version in state.registry.versions(request.name)), default=None)
    if number is None:
        raise invalid(f"Registered model alias {request.alias} not found.")
    return version_answer(get_version(state, request.name, str(number)))


def search(state: TrackingState, request: requests.Search) -> Answer:
    found = _MODELS.filter(all_models(state), request.filter)
    if not asks_for_prompts(_MODELS.clauses(request.filter)):
        found = [model for model in found if model.tags.get(PROMPT) != "true"]
    ordered = _MODELS.sort(found, request.order_by or ())
    shown, token = page(ordered, request.page_token, request.max_results, 100, 1000)
    answers = (model_answer(state, model)["registered_model"] for model in shown)
    return page_answer("registered_models", answers, token)


def latest_versions(state: TrackingState, request: requests.LatestVersions) -> Answer:
    wanted = {stage_of(stage) for stage in request.stages or STAGES}
    latest = latest_of(state, get_model(state, request.name))
    return {"model_versions": [answer for answer in latest if answer["current_stage"] in wanted]}
