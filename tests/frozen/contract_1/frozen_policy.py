"""A policy as it was written for contract 1: every hook, every argument."""

from collections.abc import Mapping
from dataclasses import replace

from dressage import SettingsError, hookimpl

DRESSAGE_CONTRACT = 1


@hookimpl(wrapper=True)
def dataset(settings, recipe, platform, experiment, tags, user):
    found = yield
    inputs = found.values() if isinstance(found, Mapping) else [found] if found else []
    if any(item.name == "forbidden" for item in inputs):
        raise SettingsError(f"dataset 'forbidden' is closed to {user!r}")
    return found


@hookimpl(wrapper=True)
def compute(settings, recipe, platform, experiment, tags, user):
    target = yield
    return replace(target, max_nodes=1, tags={**target.tags, "experiment": experiment})


@hookimpl(wrapper=True)
def environment(settings, recipe, platform, experiment, tags, user, compute):
    found = yield
    return replace(found, variables={**found.variables, "FROZEN_ON": f"{platform} {compute.name}"})


@hookimpl(wrapper=True)
def model(settings, recipe, platform, experiment, tags, user, compute):
    found = yield
    return replace(found, tags={**found.tags, "rate": str(settings.rate)})


@hookimpl(wrapper=True)
def tags(settings, recipe, platform, experiment, tags, user):
    return {**(yield), "recipe": recipe, "team": tags.get("team", "none")}
