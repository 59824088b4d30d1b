"""A completion of the shell is not disturbed by a plugin that breaks: nothing is offered, and nothing is said."""

import pytest

from tests.broken.commandline import Told
from tests.broken.conftest import Project, Sites
from tests.broken.ways import CALLS, MODULES

PLATFORM_LINES = (
    "models show ",
    "datasets show ",
    "compute delete ",
    "plan plain --on shaky -O ",
    "init --on shaky ",
)
RECIPE_LINES = ("run shaky --set ", "plan shaky --set ", "environments build shaky --set ")


def complete(project: Project, line: str, env: dict[str, str]) -> Told:
    words = {"COMP_WORDS": f"dressage {line}", "COMP_CWORD": str(line.count(" ") + 1)}
    return project.call("", {**env, **words, "_DRESSAGE_COMPLETE": "complete_bash", "DRESSAGE_ON": "shaky"})


@pytest.mark.parametrize("way", [*MODULES, *(f"platform.* {way}" for way in CALLS)])
@pytest.mark.parametrize("line", PLATFORM_LINES)
def test_nothing_is_offered_of_a_broken_platform(way: str, line: str, prepared: Project, sites: Sites):
    module, breaks = (way, "") if way in MODULES else ("shaky_platform", way)
    told = complete(prepared, line, sites.shaky("platforms", module, breaks))
    assert (told.stdout.strip(), told.stderr) == ("", "")


@pytest.mark.parametrize("way", [*MODULES, *(f"recipe.* {way}" for way in CALLS)])
@pytest.mark.parametrize("line", RECIPE_LINES)
def test_nothing_is_offered_of_a_broken_recipe(way: str, line: str, prepared: Project, sites: Sites):
    module, breaks = (way, "") if way in MODULES else ("shaky_recipe", way)
    told = complete(prepared, line, sites.shaky("recipes", module, breaks))
    assert (told.stdout.strip(), told.stderr) == ("", "")


@pytest.mark.parametrize("way", MODULES)
@pytest.mark.parametrize(("line", "offered"), [("run --on sh", "shaky"), ("runs show plain", "FINISHED")])
def test_names_are_offered_all_the_same(way: str, line: str, offered: str, prepared: Project, sites: Sites):
    told = complete(prepared, line, sites.shaky("platforms", way))
    assert told.stdout.split() == [offered.replace("FINISHED", prepared.finished)]
