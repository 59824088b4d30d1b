"""What is recorded of a run is shown though its platform breaks, or is gone."""

import json

import pytest

from tests.broken.commandline import Told
from tests.broken.conftest import Project, Sites
from tests.broken.telling import check_is_clean, check_is_named
from tests.broken.ways import MODULES

WAYS = (*MODULES, "platform.platform raises", "platform.runs.observe raises", "platform.runs.observe exits")
SOON = {"dressage.engine.listing._LISTING_S": 0.3}


def broken(sites: Sites, way: str) -> dict[str, str]:
    """way: a module, where and how a call breaks, or "uninstalled"."""
    if way == "uninstalled":
        return sites.steady()
    if way in MODULES:
        return sites.shaky("platforms", way)
    return sites.shaky("platforms", "shaky_platform", way)


def states(told: Told) -> dict[str, str]:
    return {run["run_id"]: run["status"]["state"] for run in json.loads(told.stdout)}


def end_steady(project: Project) -> None:
    """Its platform will say that the steady run has completed."""
    (project.folder / ".dressage" / "lab" / project.steady / "1" / "code").write_text("0")


@pytest.mark.parametrize("way", [*WAYS, "uninstalled"])
def test_a_listing_names_it_and_shows_the_runs_of_others_as_they_stand(way, project: Project, sites: Sites):
    end_steady(project)
    told = project.call("runs list -o json", broken(sites, way))
    check_is_clean(told)
    assert states(told) == {
        project.steady: "Completed",
        project.unfinished: "Running",
        project.finished: "Completed",
    }
    assert "platform 'shaky': " in told.stderr
    assert told.returncode == 0


def test_a_platform_that_sleeps_is_named_and_holds_a_listing_up_no_longer_than_it_may(
    project: Project, sites: Sites
):
    env = {**broken(sites, "platform.runs.observe sleeps"), "ASLEEP": str(project.folder / "asleep")}
    end_steady(project)
    told = project.call("runs list -o json", env, SOON)
    assert "platform 'shaky': no answer within 0.3 s; its runs are shown as last recorded" in told.stderr
    assert states(told)[project.steady] == "Completed"


def test_a_run_that_its_platform_has_lost_hides_none_of_its_others(project: Project, sites: Sites):
    lost = project.call("run source/train.py --on steady -d", sites.steady()).stdout.strip()
    (project.folder / ".dressage" / "lab" / lost).rename(
        project.folder / "lost"
    )  # its script may still write
    end_steady(project)
    told = project.call("runs list -o json", sites.steady())
    assert states(told)[project.steady] == "Completed"
    assert "plugin 'steady' (steady 1.2) failed in runs.observe: FileNotFoundError" in told.stderr


@pytest.mark.parametrize("way", [*WAYS, "platform.runs.files raises", "platform.runs.recorded raises"])
def test_the_record_is_shown_then_the_error(way, project: Project, sites: Sites):
    told = project.call("runs show UNFINISHED", broken(sites, way))
    assert [project.unfinished, "Running"] == [line.split()[1] for line in told.stdout.splitlines()[:2]]
    check_is_named(told)


@pytest.mark.parametrize("way", [*WAYS, "platform.runs.files raises", "platform.runs.recorded raises"])
def test_the_record_is_shown_as_json(way, project: Project, sites: Sites):
    told = project.call("runs show UNFINISHED -o json", broken(sites, way))
    shown = json.loads(told.stdout)
    assert (shown["state"], shown["recipe"], shown["files"]) == ("Running", "script", None)
    check_is_named(told)


@pytest.mark.parametrize(
    "words", ["runs show UNFINISHED", "runs logs UNFINISHED", "runs files UNFINISHED", "resume UNFINISHED"]
)
def test_a_platform_that_is_gone_is_named(words: str, project: Project, sites: Sites):
    told = project.call(words, sites.steady())
    assert told.stderr == "error: no platform named 'shaky'; known: azureml, local, steady\n"
    assert told.returncode == 2


@pytest.mark.parametrize("words", ["runs wait FINISHED", "runs cancel FINISHED"])
def test_what_an_ended_run_came_to_is_told_without_its_platform(words: str, project: Project, sites: Sites):
    assert project.call(words, broken(sites, "uninstalled")).returncode == 0


def test_a_run_that_was_not_submitted_has_no_files(project: Project, sites: Sites):
    project.call("run plain --again --on shaky", broken(sites, "platform.compute.ensure raises"))
    told = project.call("runs show latest", broken(sites, ""))
    assert "state       Failed" in told.stdout
    assert told.returncode == 0


@pytest.mark.parametrize("way", [*WAYS, "platform.runs.logs raises", "uninstalled"])
def test_a_run_of_another_platform_is_reused_without_it(way: str, project: Project, sites: Sites):
    told = project.call("run plain --on steady -o json", broken(sites, way))
    assert json.loads(told.stdout)["run_id"] == project.finished
    assert told.returncode == 0
