"""A policy that breaks, however it does, stops all that it should have judged, and nothing else."""

import pytest

from tests.broken.conftest import Project, Sites
from tests.broken.telling import check_is_clean, check_is_named
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
def project(prepared: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return prepared.copy(tmp_path_factory.mktemp("policies") / "project")


def broken(sites: Sites, way: str) -> dict[str, str]:
    """way: a module, or where and how a hook breaks."""
    site = sites.shaky("policies", way if way in MODULES else "shaky_policy", way)
    platform = sites.shaky("platforms", "shaky_platform")["PYTHONPATH"].partition(":")[0]
    return {**site, "PYTHONPATH": f"{site['PYTHONPATH']}:{platform}"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("words", JUDGED)
def test_nothing_is_planned_without_it(way: str, words: str, project: Project, sites: Sites):
    told = project.call(words, broken(sites, way))
    check_is_named(told)
    assert not told.stdout


@pytest.mark.parametrize("way", [*MODULES, "policy.* raises"])
@pytest.mark.parametrize("words", NOT_JUDGED)
def test_a_command_that_plans_nothing_works(way: str, words: str, project: Project, sites: Sites):
    told = project.call(words, broken(sites, way))
    check_is_clean(told)
    assert told.returncode == 0


@pytest.mark.parametrize("way", MODULES)
def test_the_doctor_names_it(way: str, project: Project, sites: Sites):
    told = project.call("doctor", broken(sites, way))
    check_is_clean(told)
    assert "plugin 'shaky' (shaky_policies 1.2) failed in" in told.stdout
    assert told.returncode == 1


def test_a_policy_that_is_silent_for_long_is_named(project: Project, sites: Sites):
    patience = {"dressage.hooks.calls.PATIENCE_S": 0.1}
    told = project.call("plan plain", broken(sites, "policy.model dozes"), patience)
    assert "plugin 'shaky' (shaky_policies 1.2) has not returned from model for 0.1 s" in told.stderr
    assert told.returncode == 0
