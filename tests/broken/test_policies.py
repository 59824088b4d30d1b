"""A policy that breaks in any way stops every command that it applies to, and no other command."""

import pytest

from tests.broken.checks import check_is_clean, check_is_named
from tests.broken.conftest import Project, Sites
from tests.broken.ways import CALLS, MODULES

JUDGED = (
    "plan plain -o json",
    "run source/train.py --on steady -o jsonl",
    "run plain --on steady --dry-run -o json",
    "environments build plain",
)
NOT_JUDGED = (
    "runs list -o json",
    "runs show FINISHED",
    "runs show STEADY -o json",
    "runs logs STEADY",
    "runs wait FINISHED",
    "resume FINISHED",
    "models list -o json",
    "datasets list -o json",
    "compute list -o json",
    "environments list -o json",
    "recipes list -o json",
    "recipes show plain -o json",
    "config plain -o json",
    "plugins list -o json",
)
HOOKS = ("dataset", "compute", "environment", "model", "tags")
WAYS = [*MODULES, *(f"policy.{hook} {way}" for hook in HOOKS for way in CALLS if way != "returns_none")]


@pytest.fixture(scope="module")
def project(prepared_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return prepared_project.copy(tmp_path_factory.mktemp("policies") / "project")


def break_plugin(sites: Sites, way: str) -> dict[str, str]:
    """way: a module, or where and how a hook breaks."""
    site = sites.shaky("policies", way if way in MODULES else "shaky_policy", way)
    platform = sites.shaky("platforms", "shaky_platform")["PYTHONPATH"].partition(":")[0]
    return {**site, "PYTHONPATH": f"{site['PYTHONPATH']}:{platform}"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("words", JUDGED)
def test_nothing_is_planned_without_the_policy(way: str, words: str, project: Project, sites: Sites):
    result = project.call(words, break_plugin(sites, way))
    check_is_named(result)
    assert not result.stdout


@pytest.mark.parametrize("way", [*MODULES, "policy.* raises"])
@pytest.mark.parametrize("words", NOT_JUDGED)
def test_a_command_that_plans_nothing_works(way: str, words: str, project: Project, sites: Sites):
    result = project.call(words, break_plugin(sites, way))
    check_is_clean(result)
    assert result.returncode == 0


@pytest.mark.parametrize("way", MODULES)
def test_doctor_names_the_policy(way: str, project: Project, sites: Sites):
    result = project.call("doctor", break_plugin(sites, way))
    check_is_clean(result)
    assert "plugin 'shaky' (shaky_policies 1.2) failed in" in result.stdout
    assert result.returncode == 1


def test_a_slow_policy_is_named(project: Project, sites: Sites):
    patience = {"dressage.hooks.calls.PATIENCE_S": 0.1}
    result = project.call("plan plain", break_plugin(sites, "policy.model dozes"), patience)
    assert "plugin 'shaky' (shaky_policies 1.2) has not returned from model for 0.1 s" in result.stderr
    assert result.returncode == 0
