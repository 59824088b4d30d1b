"""A platform that breaks in any way is named by every command that needs it, and does not affect the others."""

import json

import pytest

from dressage.platforms import protocols
from tests.broken.checks import check_is_clean, check_is_named
from tests.broken.conftest import Project, Sites
from tests.broken.platform_commands import CALLED_BY, NEEDING, NOT_NEEDING
from tests.broken.ways import CALLS, MODULES

_NO_ANSWER = (
    "runs.submit",
    "runs.download",
    "runs.cancel",
    "datasets.download",
    "compute.delete",
    "models.download",
)
_MAY_BE_NONE = ("options", "models.find", "models.previous_inputs")
ACCEPTED = {
    *((where, way) for where in _NO_ANSWER for way in ("returns_42", "returns_none", "raises_late")),
    *((where, "returns_none") for where in _MAY_BE_NONE),
}
"""Cases that are not broken: None is a valid answer, or the answer is ignored."""
BREAKING = [(where, way) for where in CALLED_BY for way in CALLS if (where, way) not in ACCEPTED]
NOT_LOADABLE = [*MODULES, *(f"platform.platform {way}" for way in CALLS)]


@pytest.fixture(scope="module")
def project(prepared_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One project for all tests: a broken platform changes nothing that other tests read."""
    return prepared_project.copy(tmp_path_factory.mktemp("platforms") / "project")


def break_plugin(sites: Sites, way: str) -> dict[str, str]:
    """way: a module, or where and how a call breaks."""
    if way in MODULES:
        return sites.shaky("platforms", way)
    return sites.shaky("platforms", "shaky_platform", way)


@pytest.mark.parametrize("way", NOT_LOADABLE)
@pytest.mark.parametrize("words", NEEDING)
def test_a_command_names_a_platform_that_cannot_be_loaded(
    way: str, words: str, project: Project, sites: Sites
):
    check_is_named(project.call(words, break_plugin(sites, way)))


@pytest.mark.parametrize("way", CALLS)
@pytest.mark.parametrize("words", [words for words in NEEDING if not words.startswith("init")])
def test_a_command_names_a_platform_whose_calls_break(way: str, words: str, project: Project, sites: Sites):
    check_is_named(project.call(words, break_plugin(sites, f"platform.*.* {way}")))


@pytest.mark.parametrize(("where", "way"), BREAKING)
def test_the_error_names_the_method_that_breaks(where: str, way: str, project: Project, sites: Sites):
    result = project.call(CALLED_BY[where], break_plugin(sites, f"platform.{where} {way}"))
    assert f"plugin 'shaky' (shaky_platforms 1.2) failed in {where}: " in result.stdout + result.stderr
    assert result.returncode == 1
    check_is_clean(result)


def test_each_call_is_in_the_table():
    parts = ("Runs", "Waits", "Records", "Notes", "Datasets", "Compute", "Environments", "Models")
    names = {"Waits": "runs", "Records": "runs", "Notes": "runs"}
    methods = {
        f"{names.get(part, part.lower())}.{method}"
        for part in parts
        for method in vars(getattr(protocols, part))
        if method[0] != "_"
    }
    assert {where for where in CALLED_BY if "." in where} == methods


@pytest.mark.parametrize(
    "way", [*MODULES, "platform.platform raises", "platform.*.* raises", "platform.*.* exits"]
)
@pytest.mark.parametrize("words", NOT_NEEDING)
def test_a_command_that_does_not_need_the_platform_works(
    way: str, words: str, project: Project, sites: Sites
):
    result = project.call(words, break_plugin(sites, way))
    check_is_clean(result)
    assert result.returncode == 0


@pytest.mark.parametrize("way", MODULES)
def test_plugins_list_shows_all_plugins_and_the_error_of_the_broken_one(
    way: str, project: Project, sites: Sites
):
    result = project.call("plugins list -o json", break_plugin(sites, way))
    errors = {(status["kind"], status["name"]): status["error"] for status in json.loads(result.stdout)}
    assert "plugin 'shaky' (shaky_platforms 1.2) failed in" in errors.pop(("platform", "shaky"))
    assert {("platform", "local"), ("platform", "steady"), ("recipe", "plain")} <= set(errors)
    assert set(errors.values()) == {None}


@pytest.mark.parametrize("way", NOT_LOADABLE)
def test_doctor_names_the_broken_platform_and_checks_the_others(way: str, project: Project, sites: Sites):
    result = project.call("doctor -o json", break_plugin(sites, way))
    findings = {check["name"]: check["finding"] for check in json.loads(result.stdout) if not check["ok"]}
    assert [
        ("shaky" in name, "plugin 'shaky' (shaky_platforms 1.2) failed in" in found)
        for name, found in findings.items()
    ] == [(True, True)]
    assert result.returncode == 1


@pytest.mark.parametrize("output", ["table", "json"])
def test_doctor_names_the_platform_whose_plan_breaks(output: str, project: Project, sites: Sites):
    result = project.call(
        f"doctor plain --on shaky -o {output}", break_plugin(sites, "platform.compute.plan raises")
    )
    assert "plugin 'shaky' (shaky_platforms 1.2) failed in compute.plan: RuntimeError: boom" in result.stdout
    assert result.returncode == 1


@pytest.mark.parametrize("words", [words for words in (*NEEDING, *NOT_NEEDING) if words.endswith("json")])
def test_output_of_the_platform_is_not_mixed_with_json(
    words: str, prepared_project: Project, tmp_path_factory: pytest.TempPathFactory, sites: Sites
):
    project = prepared_project.copy(tmp_path_factory.mktemp("prints") / "project")
    result = project.call(words, break_plugin(sites, "platform.* prints"))
    check_is_clean(result)
    assert result.returncode in (0, 124)
    assert "noise" not in result.stdout
