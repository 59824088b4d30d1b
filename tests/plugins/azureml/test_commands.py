"""The command line on azureml."""

import json
import subprocess
from pathlib import Path

import pytest
from tests.azureml import Loopback
from tests.plugins.azureml.conftest import with_tiny


def init(config: dict[str, str], **other: str) -> list[str]:
    return ["init", "--on", "azureml", *(f"{key}={value}" for key, value in {**config, **other}.items())]


def test_init_writes_the_configuration_of_a_workspace_that_answers(
    service: Loopback, project: Path, dressage
):
    (project / "config.json").unlink()
    told = dressage(*init(service.config))
    assert told.returncode == 0, told.stderr
    assert json.loads((project / "config.json").read_text()) == service.config


def test_init_writes_nothing_for_one_that_does_not(service: Loopback, project: Path, dressage):
    (project / "config.json").unlink()
    told = dressage(*init(service.config, workspace_name="nowhere"))
    assert told.returncode == 3
    assert "workspace 'nowhere'" in told.stderr
    assert not (project / "config.json").exists()


def test_init_leaves_another_workspaces_configuration_alone(service: Loopback, project: Path, dressage):
    (project / "config.json").write_text(json.dumps({**service.config, "workspace_name": "other"}))
    told = dressage(*init(service.config))
    assert told.returncode == 2
    assert "names another workspace; remove it first" in told.stderr


def test_init_again_for_the_same_workspace_is_harmless(service: Loopback, project: Path, dressage):
    assert dressage(*init(service.config)).returncode == 0


def test_init_takes_names_with_dashes(service: Loopback, project: Path, dressage):
    (project / "config.json").unlink()
    told = dressage(*init({name.replace("_", "-"): value for name, value in service.config.items()}))
    assert told.stdout.splitlines()[0] == str(project / "config.json")


def test_init_asks_for_all_three_names(project: Path, dressage):
    told = dressage("init", "--on", "azureml", "subscription_id=1")
    assert told.returncode == 2
    assert "resource_group, workspace_name missing; run: dressage init --on azureml" in told.stderr


def test_init_refuses_what_config_json_does_not_hold(project: Path, dressage):
    names = {"subscription_id": "1", "resource_group": "g", "workspace_name": "w"}
    told = dressage(*init(names, auth="cli"))
    assert told.returncode == 2
    assert "'auth' is not in config.json; set it in dressage.toml" in told.stderr


def test_doctor_finds_workspace_and_quota(service: Loopback, dressage):
    checks = {check["name"]: check for check in json.loads(dressage("doctor", "-o", "json").stdout)}
    assert "loopback in westeurope" in checks["azureml workspace"]["finding"]
    assert checks["azureml quota"]["ok"]


def test_doctor_says_when_quota_is_missing(service: Loopback, dressage):
    service.behave(without_quota=["STANDARD_NC4AS_T4_V3"])
    told = dressage("doctor", "-o", "json")
    checks = {check["name"]: check for check in json.loads(told.stdout)}
    assert not checks["azureml quota"]["ok"]
    assert told.returncode == 1


def test_doctor_asks_no_workspace_where_there_is_none(project: Path, dressage):
    names = [check["name"] for check in json.loads(dressage("doctor", "-o", "json").stdout)]
    assert "azureml workspace" not in names


def test_a_plan_says_what_it_costs(service: Loopback, dressage):
    told = dressage("plan", "keras-mnist", "--on", "azureml", "--set", "data=digits")
    assert "0.53 USD per node and hour, at most 2.10 USD per hour" in told.stdout


def test_a_table_of_prices_takes_the_place_of_the_one_that_comes_along(
    service: Loopback, project: Path, dressage
):
    (project / "mine.csv").write_text("size,usd_per_hour\nStandard_NC4as_T4_v3,2\n")
    told = dressage("plan", "keras-mnist", "--on", "azureml", "--set", "data=digits", "-O", "prices=mine.csv")
    assert "2.00 USD per node and hour, at most 8.00 USD per hour (mine.csv)" in told.stdout


@pytest.mark.parametrize(
    ("content", "words"), [("a,b\n1,2\n", "header size,usd_per_hour"), (None, "No such file")]
)
def test_a_table_of_prices_that_is_none_is_told(service: Loopback, project: Path, dressage, content, words):
    if content:
        (project / "mine.csv").write_text(content)
    told = dressage("plan", "keras-mnist", "--on", "azureml", "--set", "data=digits", "-O", "prices=mine.csv")
    assert told.returncode == 2
    assert words in told.stderr


@pytest.fixture
def cluster(service: Loopback, project: Path) -> str:
    engine = with_tiny(project)
    return engine.platform().compute.ensure(engine.describe("tiny").compute, lambda *_: None).name


def test_a_cluster_is_not_deleted_without_a_word(cluster: str, dressage):
    told = dressage("compute", "delete", cluster, "--on", "azureml", stdin=subprocess.DEVNULL)
    assert told.returncode == 2
    assert "stdin is not a terminal; use --yes" in told.stderr
    assert cluster in dressage("compute", "list", "--on", "azureml").stdout


def test_a_cluster_is_deleted_on_a_word(cluster: str, dressage):
    assert dressage("compute", "delete", cluster, "--on", "azureml", "--yes").stdout == f"{cluster}\n"
    assert cluster not in dressage("compute", "list", "--on", "azureml").stdout


def test_a_cluster_that_is_not_there_is_told(service: Loopback, dressage):
    told = dressage("compute", "delete", "none", "--on", "azureml", "--yes")
    assert told.returncode == 2
    assert "no compute target named 'none'" in told.stderr


def test_the_exit_code_of_the_script_is_that_of_the_command(service: Loopback, project: Path, dressage):
    (project / "fail.py").write_text("print('why'); raise SystemExit(5)")
    told = dressage("run", "./fail.py", "--on", "azureml")
    assert told.returncode == 5
    assert told.stdout.startswith("why\n")


def test_a_stage_that_fails_exits_with_3(service: Loopback, project: Path, dressage):
    (project / "noop.py").touch()
    service.behave(without_quota=["STANDARD_DS3_V2"])
    told = dressage("run", "./noop.py", "--on", "azureml")
    assert told.returncode == 3
    (line,) = [line for line in told.stderr.splitlines() if line.startswith("error:")]
    assert "ask for quota" in line
