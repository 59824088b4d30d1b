"""A run's record is shown even if its platform breaks or is not installed."""

import json

import pytest

from tests.broken.checks import check_is_clean, check_is_named
from tests.broken.commandline import Result
from tests.broken.conftest import Project, Sites
from tests.broken.ways import MODULES

WAYS = (*MODULES, "platform.platform raises", "platform.runs.observe raises", "platform.runs.observe exits")
SOON = {"dressage.engine.listing._LISTING_S": 0.3}


def break_plugin(sites: Sites, way: str) -> dict[str, str]:
    """way: a module, where and how a call breaks, or "uninstalled"."""
    if way == "uninstalled":
        return sites.steady()
    if way in MODULES:
        return sites.shaky("platforms", way)
    return sites.shaky("platforms", "shaky_platform", way)


def states(result: Result) -> dict[str, str]:
    return {run["run_id"]: run["status"]["state"] for run in json.loads(result.stdout)}


def end_steady(project: Project) -> None:
    """Make the steady platform report that its run has completed."""
    (project.folder / ".dressage" / "lab" / project.steady / "1" / "code").write_text("0")


@pytest.mark.parametrize("way", [*WAYS, "uninstalled"])
def test_a_listing_names_the_broken_platform_and_shows_the_runs_of_others(
    way: str, project: Project, sites: Sites
):
    end_steady(project)
    result = project.call("runs list -o json", break_plugin(sites, way))
    check_is_clean(result)
    assert states(result) == {
        project.steady: "Completed",
        project.unfinished: "Running",
        project.finished: "Completed",
    }
    assert "platform 'shaky': " in result.stderr
    assert result.returncode == 0


def test_a_listing_waits_for_a_slow_platform_only_for_a_limited_time(project: Project, sites: Sites):
    env = {**break_plugin(sites, "platform.runs.observe sleeps"), "ASLEEP": str(project.folder / "asleep")}
    end_steady(project)
    result = project.call("runs list -o json", env, SOON)
    assert "platform 'shaky': no answer within 0.3 s; its runs are shown as last recorded" in result.stderr
    assert states(result)[project.steady] == "Completed"


def test_a_run_that_its_platform_lost_does_not_hide_other_runs(project: Project, sites: Sites):
    lost = project.call("run source/train.py --on steady -d", sites.steady()).stdout.strip()
    (project.folder / ".dressage" / "lab" / lost).rename(
        project.folder / "lost"
    )  # its script may still write
    end_steady(project)
    result = project.call("runs list -o json", sites.steady())
    assert states(result)[project.steady] == "Completed"
    assert "plugin 'steady' (steady 1.2) failed in runs.observe: FileNotFoundError" in result.stderr


@pytest.mark.parametrize("way", [*WAYS, "platform.runs.files raises", "platform.runs.records raises"])
def test_the_record_is_shown_before_the_error(way: str, project: Project, sites: Sites):
    result = project.call("runs show UNFINISHED", break_plugin(sites, way))
    assert [project.unfinished, "Running"] == [line.split()[1] for line in result.stdout.splitlines()[:2]]
    check_is_named(result)


@pytest.mark.parametrize("way", [*WAYS, "platform.runs.files raises", "platform.runs.records raises"])
def test_the_record_is_shown_as_json(way: str, project: Project, sites: Sites):
    result = project.call("runs show UNFINISHED -o json", break_plugin(sites, way))
    shown = json.loads(result.stdout)
    assert (shown["state"], shown["recipe"], shown["files"]) == ("Running", "script", None)
    check_is_named(result)


@pytest.mark.parametrize(
    "words", ["runs show UNFINISHED", "runs logs UNFINISHED", "runs files UNFINISHED", "resume UNFINISHED"]
)
def test_a_platform_that_is_not_installed_is_named(words: str, project: Project, sites: Sites):
    result = project.call(words, sites.steady())
    assert result.stderr == "error: no platform named 'shaky'; known: azureml, local, steady\n"
    assert result.returncode == 2


@pytest.mark.parametrize("words", ["runs wait FINISHED", "runs cancel FINISHED"])
def test_the_end_of_a_run_is_known_without_its_platform(words: str, project: Project, sites: Sites):
    assert project.call(words, break_plugin(sites, "uninstalled")).returncode == 0


def test_a_run_that_was_not_submitted_has_no_files(project: Project, sites: Sites):
    project.call("run plain --again --on shaky", break_plugin(sites, "platform.compute.ensure raises"))
    result = project.call("runs show latest", break_plugin(sites, ""))
    assert "state       Failed" in result.stdout
    assert result.returncode == 0


@pytest.mark.parametrize("way", [*WAYS, "platform.runs.logs raises", "uninstalled"])
def test_a_run_of_a_broken_platform_is_reused(way: str, project: Project, sites: Sites):
    result = project.call("run plain --on steady -o json", break_plugin(sites, way))
    assert json.loads(result.stdout)["run_id"] == project.finished
    assert result.returncode == 0
