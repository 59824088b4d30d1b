"""A platform that breaks, however it does, is named by every command that needs it and disturbs no other."""

import json

import pytest

from dressage.platforms import protocols
from tests.broken.conftest import Project, Sites
from tests.broken.platform_commands import ASKED_BY, NEEDING, NOT_NEEDING
from tests.broken.telling import check_is_clean, check_is_named
from tests.broken.ways import CALLS, MODULES

_NO_ANSWER = (
    "runs.submit",
    "runs.download",
    "runs.cancel",
    "datasets.download",
    "compute.delete",
    "models.download",
)
_MAYBE = ("options", "models.find", "models.previous_inputs")
ACCEPTED = {
    *((where, way) for where in _NO_ANSWER for way in ("returns_42", "returns_none", "raises_late")),
    *((where, "returns_none") for where in _MAYBE),
}
"""What is nothing broken: None is an answer, or no answer is expected."""
BREAKING = [(where, way) for where in ASKED_BY for way in CALLS if (where, way) not in ACCEPTED]
NOT_HAD = [*MODULES, *(f"platform.platform {way}" for way in CALLS)]


@pytest.fixture(scope="module")
def project(prepared: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One for all: nothing that a broken platform leaves undone changes what another test sees."""
    return prepared.copy(tmp_path_factory.mktemp("platforms") / "project")


def broken(sites: Sites, way: str) -> dict[str, str]:
    """way: a module, or where and how a call breaks."""
    if way in MODULES:
        return sites.shaky("platforms", way)
    return sites.shaky("platforms", "shaky_platform", way)


@pytest.mark.parametrize("way", NOT_HAD)
@pytest.mark.parametrize("words", NEEDING)
def test_a_command_names_the_platform_that_it_cannot_have(
    way: str, words: str, project: Project, sites: Sites
):
    check_is_named(project.call(words, broken(sites, way)))


@pytest.mark.parametrize("way", CALLS)
@pytest.mark.parametrize("words", [words for words in NEEDING if not words.startswith("init")])
def test_a_command_names_the_platform_whose_calls_break(way: str, words: str, project: Project, sites: Sites):
    check_is_named(project.call(words, broken(sites, f"platform.*.* {way}")))


@pytest.mark.parametrize(("where", "way"), BREAKING)
def test_a_call_that_breaks_is_named(where: str, way: str, project: Project, sites: Sites):
    told = project.call(ASKED_BY[where], broken(sites, f"platform.{where} {way}"))
    assert f"plugin 'shaky' (shaky_platforms 1.2) failed in {where}: " in told.stdout + told.stderr
    assert told.returncode == 1
    check_is_clean(told)


def test_each_call_is_in_the_table():
    parts = ("Runs", "Waits", "Records", "Notes", "Datasets", "Compute", "Environments", "Models")
    names = {"Waits": "runs", "Records": "runs", "Notes": "runs"}
    methods = {
        f"{names.get(part, part.lower())}.{method}"
        for part in parts
        for method in vars(getattr(protocols, part))
        if method[0] != "_"
    }
    assert {where for where in ASKED_BY if "." in where} == methods


@pytest.mark.parametrize(
    "way", [*MODULES, "platform.platform raises", "platform.*.* raises", "platform.*.* exits"]
)
@pytest.mark.parametrize("words", NOT_NEEDING)
def test_a_command_that_does_not_need_it_works(way: str, words: str, project: Project, sites: Sites):
    told = project.call(words, broken(sites, way))
    check_is_clean(told)
    assert told.returncode == 0


@pytest.mark.parametrize("way", MODULES)
def test_each_plugin_is_listed_and_the_broken_one_with_its_error(way: str, project: Project, sites: Sites):
    told = project.call("plugins list -o json", broken(sites, way))
    errors = {(status["kind"], status["name"]): status["error"] for status in json.loads(told.stdout)}
    assert "plugin 'shaky' (shaky_platforms 1.2) failed in" in errors.pop(("platform", "shaky"))
    assert {("platform", "local"), ("platform", "steady"), ("recipe", "plain")} <= set(errors)
    assert set(errors.values()) == {None}


@pytest.mark.parametrize("way", NOT_HAD)
def test_the_doctor_names_it_and_checks_the_others(way: str, project: Project, sites: Sites):
    told = project.call("doctor -o json", broken(sites, way))
    findings = {check["name"]: check["finding"] for check in json.loads(told.stdout) if not check["ok"]}
    assert [
        ("shaky" in name, "plugin 'shaky' (shaky_platforms 1.2) failed in" in found)
        for name, found in findings.items()
    ] == [(True, True)]
    assert told.returncode == 1


@pytest.mark.parametrize("output", ["table", "json"])
def test_a_plan_that_the_doctor_cannot_make_names_it(output: str, project: Project, sites: Sites):
    told = project.call(f"doctor plain --on shaky -o {output}", broken(sites, "platform.compute.plan raises"))
    assert "plugin 'shaky' (shaky_platforms 1.2) failed in compute.plan: RuntimeError: boom" in told.stdout
    assert told.returncode == 1


@pytest.mark.parametrize("words", [words for words in (*NEEDING, *NOT_NEEDING) if words.endswith("json")])
def test_what_it_prints_is_in_no_json(words: str, prepared: Project, tmp_path_factory, sites: Sites):
    project = prepared.copy(tmp_path_factory.mktemp("prints") / "project")
    told = project.call(words, broken(sites, "platform.* prints"))
    check_is_clean(told)
    assert told.returncode in (0, 124)
    assert "noise" not in told.stdout
