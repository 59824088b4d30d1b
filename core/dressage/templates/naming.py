"""The names of a new plugin: of the plugin, its distribution, its module and its test class."""

import re
from importlib.util import find_spec
from typing import Literal, NamedTuple, get_args

from dressage.errors import SettingsError

Kind = Literal["recipe", "platform", "policy", "observer"]
KINDS: tuple[Kind, ...] = get_args(Kind)
PREFIX = "dressage-"
_MAX_LENGTH = 40
"""The generated code is formatted for names up to this length."""
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Names(NamedTuple):
    """name: "my-recipe". distribution: "dressage-my-recipe". module: "dressage_my_recipe". test_class: "MyRecipe"."""

    name: str
    distribution: str
    module: str
    test_class: str


def names_of(name: str) -> Names:
    """Return the names of a plugin. The prefix "dressage-" of a distribution may be given, and is left out.

    Raises SettingsError if the name cannot be used, or if its module exists already.
    """
    plugin = name.removeprefix(PREFIX)
    if not _NAME.fullmatch(plugin):
        raise SettingsError(
            f"plugin name {name!r}: use lower-case letters, digits and single '-' between them{_suggest(name)}"
        )
    if len(plugin) > _MAX_LENGTH:
        raise SettingsError(f"plugin name {name!r} has {len(plugin)} characters; use at most {_MAX_LENGTH}")
    module = f"{PREFIX}{plugin}".replace("-", "_")
    if (found := find_spec(module)) is not None:
        where = found.origin or next(iter(found.submodule_search_locations or ()), "?")
        raise SettingsError(
            f"plugin name {name!r}: module {module!r} exists already, in {where!r}; choose another name"
        )
    return Names(plugin, f"{PREFIX}{plugin}", module, "".join(map(str.capitalize, plugin.split("-"))))


def _suggest(name: str) -> str:
    """Return the end of a message that says a similar name that is valid; "" if there is none."""
    similar = "-".join(re.findall(r"[a-z0-9]+", name.lower().removeprefix(PREFIX)))
    return f", such as {similar!r}" if similar and name.isascii() else ""
