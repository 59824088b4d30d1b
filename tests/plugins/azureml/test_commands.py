"""The command line on azureml."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.azureml import Loopback
from tests.fixtures import Dressage
from tests.plugins.azureml.conftest import with_tiny


def init(config: dict[str, str], **other: str) -> list[str]:
    return ["init", "--on", "azureml", *(f"{key}={value}" for key, value in {**config, **other}.items())]


def test_init_writes_config_json_for_a_workspace_that_answers(
    service: Loopback, project: Path, dressage: Dressage
):
    (project / "config.json").unlink()
    result = dressage(*init(service.config))
    assert result.returncode == 0, result.stderr
    assert json.loads((project / "config.json").read_text()) == service.config


def test_init_writes_nothing_for_an_unknown_workspace(service: Loopback, project: Path, dressage: Dressage):
    (project / "config.json").unlink()
    result = dressage(*init(service.config, workspace_name="nowhere"))
    assert result.returncode == 3
    assert "workspace 'nowhere'" in result.stderr
    assert not (project / "config.json").exists()


def test_init_does_not_replace_the_config_json_of_another_workspace(
    service: Loopback, project: Path, dressage: Dressage
):
    (project / "config.json").write_text(json.dumps({**service.config, "workspace_name": "other"}))
    result = dressage(*init(service.config))
    assert result.returncode == 2
    assert "names another workspace; remove it first" in result.stderr


def test_without_a_workspace_the_log_of_the_worker_is_in_a_folder_of_the_user(
    service: Loopback, project: Path, dressage: Dressage, tmp_path: Path
):
    (tmp_path / "tmp").mkdir()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "dressage" / "workers"
    result = dressage(
        "datasets", "list", "--on", "azureml", env={**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    )
    assert result.returncode == 0, result.stderr
    assert not [path for path in (tmp_path / "tmp").iterdir() if "dressage" in path.name]
    assert (cache / "azureml-worker.log").exists()


def test_init_again_for_the_same_workspace_is_harmless(service: Loopback, project: Path, dressage: Dressage):
    assert dressage(*init(service.config)).returncode == 0


def test_init_accepts_names_with_dashes(service: Loopback, project: Path, dressage: Dressage):
    (project / "config.json").unlink()
    result = dressage(*init({name.replace("_", "-"): value for name, value in service.config.items()}))
    assert result.stdout.splitlines()[0] == str(project / "config.json")


def test_init_asks_for_all_three_names(project: Path, dressage: Dressage):
    result = dressage("init", "--on", "azureml", "subscription_id=1")
    assert result.returncode == 2
    assert "resource_group, workspace_name missing; run: dressage init --on azureml" in result.stderr


def test_init_refuses_names_that_config_json_does_not_have(project: Path, dressage: Dressage):
    names = {"subscription_id": "1", "resource_group": "g", "workspace_name": "w"}
    result = dressage(*init(names, auth="cli"))
    assert result.returncode == 2
    assert "'auth' is not in config.json; set it in dressage.toml" in result.stderr


def test_doctor_finds_workspace_and_quota(service: Loopback, dressage: Dressage):
    checks = {check["name"]: check for check in json.loads(dressage("doctor", "-o", "json").stdout)}
    assert "loopback in westeurope" in checks["azureml workspace"]["finding"]
    assert checks["azureml quota"]["ok"]


def test_doctor_says_when_quota_is_missing(service: Loopback, dressage: Dressage):
    service.behave(without_quota=["STANDARD_NC4AS_T4_V3"])
    result = dressage("doctor", "-o", "json")
    checks = {check["name"]: check for check in json.loads(result.stdout)}
    assert not checks["azureml quota"]["ok"]
    assert result.returncode == 1


def test_doctor_contacts_no_workspace_if_none_is_configured(project: Path, dressage: Dressage):
    names = [check["name"] for check in json.loads(dressage("doctor", "-o", "json").stdout)]
    assert "azureml workspace" not in names


def test_a_plan_shows_the_price(service: Loopback, dressage: Dressage):
    result = dressage("plan", "keras-mnist", "--on", "azureml", "--set", "data=digits")
    assert "0.53 USD per node and hour, at most 2.10 USD per hour" in result.stdout


def test_a_price_table_replaces_the_built_in_prices(service: Loopback, project: Path, dressage: Dressage):
    (project / "mine.csv").write_text("size,usd_per_hour\nStandard_NC4as_T4_v3,2\n")
    result = dressage(
        "plan", "keras-mnist", "--on", "azureml", "--set", "data=digits", "-O", "prices=mine.csv"
    )
    assert "2.00 USD per node and hour, at most 8.00 USD per hour (mine.csv)" in result.stdout


@pytest.mark.parametrize(
    ("content", "words"), [("a,b\n1,2\n", "header size,usd_per_hour"), (None, "No such file")]
)
def test_an_invalid_price_table_is_an_error(
    service: Loopback, project: Path, dressage: Dressage, content: str | None, words: str
):
    if content:
        (project / "mine.csv").write_text(content)
    result = dressage(
        "plan", "keras-mnist", "--on", "azureml", "--set", "data=digits", "-O", "prices=mine.csv"
    )
    assert result.returncode == 2
    assert words in result.stderr


@pytest.fixture
def cluster(service: Loopback, project: Path) -> str:
    engine = with_tiny(project)
    return engine.platform().compute.ensure(engine.describe("tiny").compute, lambda *_: None).name


def test_deleting_a_cluster_needs_confirmation(cluster: str, dressage: Dressage):
    result = dressage("compute", "delete", cluster, "--on", "azureml", stdin=subprocess.DEVNULL)
    assert result.returncode == 2
    assert "stdin is not a terminal; use --yes" in result.stderr
    assert cluster in dressage("compute", "list", "--on", "azureml").stdout


def test_a_cluster_is_deleted_with_yes(cluster: str, dressage: Dressage):
    assert dressage("compute", "delete", cluster, "--on", "azureml", "--yes").stdout == f"{cluster}\n"
    assert cluster not in dressage("compute", "list", "--on", "azureml").stdout


def test_deleting_an_unknown_cluster_is_an_error(service: Loopback, dressage: Dressage):
    result = dressage("compute", "delete", "none", "--on", "azureml", "--yes")
    assert result.returncode == 2
    assert "no compute target named 'none'" in result.stderr


def test_the_command_exits_with_the_scripts_exit_code(service: Loopback, project: Path, dressage: Dressage):
    (project / "fail.py").write_text("print('why'); raise SystemExit(5)")
    result = dressage("run", "./fail.py", "--on", "azureml")
    assert result.returncode == 5
    assert result.stdout.startswith("why\n")


def test_a_stage_that_fails_exits_with_3(service: Loopback, project: Path, dressage: Dressage):
    (project / "noop.py").touch()
    service.behave(without_quota=["STANDARD_DS3_V2"])
    result = dressage("run", "./noop.py", "--on", "azureml")
    assert result.returncode == 3
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error:")]
    assert "ask for quota" in line
