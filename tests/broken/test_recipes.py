"""A recipe that breaks, however it does, is named by every command that asks it and disturbs no other."""

import pytest

from tests.broken.conftest import Project, Sites
from tests.broken.telling import check_is_clean, check_is_named
from tests.broken.ways import CALLS, MODULES

HOOKS = ("settings", "dataset", "compute", "environment", "model", "tags")
PLANNING = (
    "plan shaky -o json",
    "run shaky --on steady -o jsonl",
    "run shaky --on steady --dry-run -o json",
    "environments build shaky",
)
SETTING = ("recipes show shaky -o json", "config shaky -o json")
NOT_ASKING = (
    "plan plain -o json",
    "run source/train.py --on steady --dry-run -o json",
    "runs list -o json",
    "runs show STEADY -o json",
    "runs logs STEADY",
    "models list -o json",
    "recipes list -o json",
    "recipes show plain",
    "plugins list -o json",
)
BREAKING = [
    f"recipe.{hook} {way}"
    for hook in HOOKS
    for way in CALLS
    if way != "returns_none" or hook == "model"  # the others may be left to the defaults
]


@pytest.fixture(scope="module")
def project(prepared: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return prepared.copy(tmp_path_factory.mktemp("recipes") / "project")


def broken(sites: Sites, way: str) -> dict[str, str]:
    """way: a module, or where and how a hook breaks."""
    return sites.shaky("recipes", way) if way in MODULES else sites.shaky("recipes", "shaky_recipe", way)


@pytest.mark.parametrize("way", MODULES)
@pytest.mark.parametrize("words", [*PLANNING, *SETTING])
def test_a_command_names_the_recipe_that_it_cannot_have(way: str, words: str, project: Project, sites: Sites):
    check_is_named(project.call(words, broken(sites, way)))


@pytest.mark.parametrize("way", BREAKING)
@pytest.mark.parametrize("words", PLANNING)
def test_a_hook_that_breaks_is_named(way: str, words: str, project: Project, sites: Sites):
    told = project.call(words, broken(sites, way))
    check_is_named(told)
    hook = way.partition(" ")[0].removeprefix("recipe.")
    assert f"plugin 'shaky' (shaky_recipes 1.2) failed in {hook}: " in told.stderr


@pytest.mark.parametrize("way", [way for way in BREAKING if "settings" in way])
@pytest.mark.parametrize("words", SETTING)
def test_a_command_that_shows_settings_names_it(way: str, words: str, project: Project, sites: Sites):
    check_is_named(project.call(words, broken(sites, way)))


@pytest.mark.parametrize("way", [*MODULES, *BREAKING])
def test_a_plan_that_the_doctor_cannot_make_names_it(way: str, project: Project, sites: Sites):
    told = project.call("doctor shaky", broken(sites, way))
    check_is_clean(told)
    assert "plugin 'shaky' (shaky_recipes 1.2) failed in" in told.stdout
    assert told.returncode == 1


@pytest.mark.parametrize("way", [*MODULES, "recipe.* raises"])
@pytest.mark.parametrize("words", NOT_ASKING)
def test_a_command_that_does_not_ask_it_works(way: str, words: str, project: Project, sites: Sites):
    told = project.call(words, broken(sites, way))
    check_is_clean(told)
    assert told.returncode == 0


@pytest.mark.parametrize("words", [words for words in (*PLANNING, *SETTING) if "-o json" in words])
def test_what_it_prints_is_in_no_json(words: str, project: Project, sites: Sites):
    told = project.call(words, broken(sites, "recipe.* prints"))
    check_is_clean(told)
    assert told.returncode == 0
    assert "noise" not in told.stdout


def test_a_recipe_that_is_silent_for_long_is_named(project: Project, sites: Sites):
    patience = {"dressage.hooks.calls.PATIENCE_S": 0.1}
    told = project.call("plan shaky", broken(sites, "recipe.dataset dozes"), patience)
    assert "plugin 'shaky' (shaky_recipes 1.2) has not returned from dataset for 0.1 s" in told.stderr
    assert told.returncode == 0
