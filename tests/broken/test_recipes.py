"""A recipe that breaks in any way is named by every command that uses it, and does not affect the others."""

import pytest

from tests.broken.checks import check_is_clean, check_is_named
from tests.broken.conftest import Project, Sites
from tests.broken.ways import CALLS, MODULES

HOOKS = ("settings", "dataset", "compute", "environment", "model", "tags")
PLANNING = (
    "plan shaky -o json",
    "run shaky --on steady -o jsonl",
    "run shaky --on steady --dry-run -o json",
    "environments build shaky",
)
SETTING = ("recipes show shaky -o json", "config shaky -o json")
NOT_USING = (
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
def project(prepared_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return prepared_project.copy(tmp_path_factory.mktemp("recipes") / "project")


def break_plugin(sites: Sites, way: str) -> dict[str, str]:
    """way: a module, or where and how a hook breaks."""
    return sites.shaky("recipes", way) if way in MODULES else sites.shaky("recipes", "shaky_recipe", way)


@pytest.mark.parametrize("way", MODULES)
@pytest.mark.parametrize("words", [*PLANNING, *SETTING])
def test_a_command_names_a_recipe_that_cannot_be_loaded(way: str, words: str, project: Project, sites: Sites):
    check_is_named(project.call(words, break_plugin(sites, way)))


@pytest.mark.parametrize("way", BREAKING)
@pytest.mark.parametrize("words", PLANNING)
def test_the_error_names_the_hook_that_breaks(way: str, words: str, project: Project, sites: Sites):
    result = project.call(words, break_plugin(sites, way))
    check_is_named(result)
    hook = way.partition(" ")[0].removeprefix("recipe.")
    assert f"plugin 'shaky' (shaky_recipes 1.2) failed in {hook}: " in result.stderr


@pytest.mark.parametrize("way", [way for way in BREAKING if "settings" in way])
@pytest.mark.parametrize("words", SETTING)
def test_a_command_that_shows_settings_names_the_recipe(way: str, words: str, project: Project, sites: Sites):
    check_is_named(project.call(words, break_plugin(sites, way)))


@pytest.mark.parametrize("way", [*MODULES, *BREAKING])
def test_doctor_names_the_recipe_whose_plan_breaks(way: str, project: Project, sites: Sites):
    result = project.call("doctor shaky", break_plugin(sites, way))
    check_is_clean(result)
    assert "plugin 'shaky' (shaky_recipes 1.2) failed in" in result.stdout
    assert result.returncode == 1


@pytest.mark.parametrize("way", [*MODULES, "recipe.* raises"])
@pytest.mark.parametrize("words", NOT_USING)
def test_a_command_that_does_not_use_the_recipe_works(way: str, words: str, project: Project, sites: Sites):
    result = project.call(words, break_plugin(sites, way))
    check_is_clean(result)
    assert result.returncode == 0


@pytest.mark.parametrize("words", [words for words in (*PLANNING, *SETTING) if "-o json" in words])
def test_output_of_the_recipe_is_not_mixed_with_json(words: str, project: Project, sites: Sites):
    result = project.call(words, break_plugin(sites, "recipe.* prints"))
    check_is_clean(result)
    assert result.returncode == 0
    assert "noise" not in result.stdout


def test_a_slow_recipe_is_named(project: Project, sites: Sites):
    patience = {"dressage.hooks.calls.PATIENCE_S": 0.1}
    result = project.call("plan shaky", break_plugin(sites, "recipe.dataset dozes"), patience)
    assert "plugin 'shaky' (shaky_recipes 1.2) has not returned from dataset for 0.1 s" in result.stderr
    assert result.returncode == 0
