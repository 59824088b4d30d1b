"""Make the request for a run: the recipe describes the run, and the policies judge the descriptions."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from msgspec import Struct

from dressage.engine.checks import check_limits, check_secrets, check_tags
from dressage.environments.credentials import check_addresses
from dressage.files.encoding import to_json
from dressage.hooks.plugins import Plugins
from dressage.hooks.policies import Policy, list_disabled_policies, load_policies
from dressage.hooks.proxy import PlatformProxy
from dressage.hooks.recipes import Recipe, check_script, load_recipe
from dressage.hooks.review import Context, Review, user_name
from dressage.hooks.secret_values import secret_variables
from dressage.hooks.values import resolve_values
from dressage.records.judgements import Judgement, Question
from dressage.records.requests import RunRequest, input_of
from dressage.records.run_ids import experiment_of
from dressage.results.plans import LeftOut
from dressage.specs.configuration import Configuration
from dressage.specs.credentials import hide_in_values
from dressage.specs.dataset_addresses import Addresses
from dressage.specs.datasets import DatasetFolder, check_sources
from dressage.specs.models import Script
from dressage.specs.settings import Owner
from dressage.storage import snapshots
from dressage.storage.hash_cache import HashCache

_SCRIPTS = (".py", ".sh", ".ipynb")
"""Endings of the files that a program such as bash starts."""


class Proposal(Struct, frozen=True):
    """A request that the policies have judged. Nothing has been changed yet.

    left_out: files of the source directory that the run does not get.
    """

    request: RunRequest
    judgement: Judgement
    platform: PlatformProxy
    left_out: tuple[LeftOut, ...] = ()


def make_proposal(
    recipe: str,
    plugins: Plugins,
    configuration: Configuration,
    find_platform: Callable[[], PlatformProxy],
    hashes: HashCache,
    addresses: Addresses,
    *,
    given: Mapping[str, Any],
    tags: Mapping[str, str],
    experiment: str | None,
    name: str | None,
    priority: int = 0,
    retries: int = 0,
    time_limit_s: float | None = None,
) -> Proposal:
    """Ask the recipe for its descriptions, let the policies judge them, and return the request.

    hashes: of the workspace. addresses: remembers the secrets in addresses of datasets, which the request has not.
    given: the user's settings by name. tags: the user's tags. name: of the run, for people.
    time_limit_s: replaces the time limit of the recipe, before the policies judge it; None to keep it.
    Raises SettingsError for wrong settings or tags, for a missing secret, and if a policy refuses; PluginError if a
    plugin breaks.
    """
    tags = check_tags(tags)
    check_limits(priority, retries, time_limit_s)
    loaded, policies = load_recipe(plugins, recipe), load_policies(plugins)
    settings = resolve_values(configuration, loaded.plugin, Owner("recipe", recipe), loaded.settings, given)
    settings_json = hide_in_values(to_json(settings)) if settings is not None else {}
    platform = find_platform()
    context = Context(
        settings=settings_json or None,
        recipe=recipe,
        platform=platform.name,
        experiment=experiment_of(experiment or configuration.option("experiment").value, recipe),
        tags=tags,
        user=user_name(),
    )
    review = _make_review(loaded, policies, context, settings, time_limit_s, addresses)
    described = review.describe(platform.compute.resolve)
    check_script(recipe, described["model"])
    check_secrets(described["environment"])
    check_addresses(described["environment"])
    described["file_datasets"] = addresses.hide(described["file_datasets"])  # a policy may have added some
    survey = _survey(described["model"].script, configuration, hashes)
    request = RunRequest(
        recipe=recipe,
        platform=platform.name,
        experiment=context.experiment,
        name=name,
        settings=settings_json,
        snapshot=survey.snapshot,
        priority=priority,
        retries=retries,
        **described,
    )
    _check_inputs(request)
    judgement = review.judgement(list_disabled_policies(plugins))
    return Proposal(request, judgement, platform, survey.left_out)


def _survey(script: Script, configuration: Configuration, hashes: HashCache) -> snapshots.Survey:
    """Read the source directory. Raises SpecError if it is too large."""
    return snapshots.survey(
        script.directory,
        include=script.include,
        needed=name_scripts(script),
        only=script.only,
        secret_files=script.secret_files,
        limit_mb=configuration.option("snapshot_limit_mb").value,
        hashes=hashes,
    )


def name_scripts(script: Script) -> list[str]:
    """Return the paths that may be those of what is started, relative to the source directory."""
    words = [script.file, script.command, *script.arguments]
    module = (script.module or "").replace(".", "/")
    modules = [f"{module}.py", f"{module}/__main__.py"] if module else []
    is_script = [word for word in words if isinstance(word, str) and word.endswith(_SCRIPTS)]
    return [*modules, *is_script, *filter(None, (script.file, script.command))]


def _make_review(
    recipe: Recipe,
    policies: tuple[Policy, ...],
    context: Context,
    settings: Any,
    time_limit_s: float | None,
    addresses: Addresses,
) -> Review:
    """Create the review of the recipe's answers. The user's tags and time limit override the recipe's."""

    def answer(question: Question, arguments: Mapping[str, Any]) -> Any:
        found = recipe.answer(question, {"settings": settings, **arguments})
        if question == "compute" and time_limit_s is not None:
            return replace(found, time_limit_s=time_limit_s)
        if question == "dataset":
            return addresses.hide(found)
        if question == "environment":
            return replace(found, secrets=tuple(dict.fromkeys((*found.secrets, *secret_variables(settings)))))
        return {**found, **context.tags} if question == "tags" else found

    return Review(answer, policies, context)


def _check_inputs(request: RunRequest) -> None:
    """Raise SpecError if an input cannot be read, or an argument names a dataset that the run does not read."""
    for dataset in request.file_datasets.values():
        check_sources(dataset)
    for argument in request.script.arguments:
        if isinstance(argument, DatasetFolder):
            input_of(argument, request.datasets)
