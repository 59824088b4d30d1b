"""Shell completion with a broken plugin offers nothing and prints no error."""

import pytest

from tests.broken.commandline import Result
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


def complete(project: Project, line: str, env: dict[str, str]) -> Result:
    words = {"COMP_WORDS": f"dressage {line}", "COMP_CWORD": str(line.count(" ") + 1)}
    return project.call("", {**env, **words, "_DRESSAGE_COMPLETE": "complete_bash", "DRESSAGE_ON": "shaky"})


@pytest.mark.parametrize("way", [*MODULES, *(f"platform.* {way}" for way in CALLS)])
@pytest.mark.parametrize("line", PLATFORM_LINES)
def test_a_broken_platform_offers_nothing(way: str, line: str, prepared_project: Project, sites: Sites):
    module, breaks = (way, "") if way in MODULES else ("shaky_platform", way)
    result = complete(prepared_project, line, sites.shaky("platforms", module, breaks))
    assert (result.stdout.strip(), result.stderr) == ("", "")


@pytest.mark.parametrize("way", [*MODULES, *(f"recipe.* {way}" for way in CALLS)])
@pytest.mark.parametrize("line", RECIPE_LINES)
def test_a_broken_recipe_offers_nothing(way: str, line: str, prepared_project: Project, sites: Sites):
    module, breaks = (way, "") if way in MODULES else ("shaky_recipe", way)
    result = complete(prepared_project, line, sites.shaky("recipes", module, breaks))
    assert (result.stdout.strip(), result.stderr) == ("", "")


@pytest.mark.parametrize("way", MODULES)
@pytest.mark.parametrize(("line", "offered"), [("run --on sh", "shaky"), ("runs show plain", "FINISHED")])
def test_names_are_offered_even_if_a_plugin_is_broken(
    way: str, line: str, offered: str, prepared_project: Project, sites: Sites
):
    result = complete(prepared_project, line, sites.shaky("platforms", way))
    assert result.stdout.split() == [offered.replace("FINISHED", prepared_project.finished)]
