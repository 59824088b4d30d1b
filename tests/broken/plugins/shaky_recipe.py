"""The plain recipe; each hook breaks if BREAK says so."""

import breaking
import plain_recipe

from dressage import hookimpl


@hookimpl
def settings():
    return breaking.call("recipe.settings", plain_recipe.settings)


@hookimpl
def dataset():
    return breaking.call("recipe.dataset", plain_recipe.dataset)


@hookimpl
def compute():
    return breaking.call("recipe.compute", plain_recipe.compute)


@hookimpl
def environment():
    return breaking.call("recipe.environment", plain_recipe.environment)


@hookimpl
def model(settings):
    return breaking.call("recipe.model", lambda: plain_recipe.model(settings))


@hookimpl
def tags():
    return breaking.call("recipe.tags", plain_recipe.tags)
