"""Where a script records, and what the plan and the run's end say about it."""

import json
from pathlib import Path
from typing import Protocol

import pytest
from tests.fixtures import Dressage, WriteScript

from dressage import Engine
from dressage.engine.runs import Run

TEAM = "http://team:secret@mlflow.example:5000/x"


class RunScript(Protocol):
    """Runs a script to its end."""

    def __call__(self, text: str, **settings: str) -> Run: ...


@pytest.fixture
def run_to_end(engine: Engine, script: WriteScript) -> RunScript:
    """Runs a script to its end."""

    def run(text: str, **settings: str) -> Run:
        done = engine.run("script", set={"path": str(script(text)), **settings})
        done.wait(60)
        return done

    return run


def log(run: Run) -> str:
    return b"".join(run.logs()).decode()


def reason_of(run: Run) -> str:
    assert run.status.reason
    return run.status.reason


def test_no_run_is_forced_on_a_script_that_chooses_its_own_store(run_to_end: RunScript):
    """Another store does not have this run. tests/integrations runs such a script."""
    assert log(run_to_end("import os; print('MLFLOW_RUN_ID' in os.environ)")) == "False\n"


@pytest.mark.parametrize(
    "name",
    [
        "MLFLOW_TRACKING_USERNAME",
        "MLFLOW_TRACKING_PASSWORD",
        "MLFLOW_TRACKING_AUTH",
        "MLFLOW_REGISTRY_URI",
        "MLFLOW_RUN_ID",
        "MLFLOW_EXPERIMENT_ID",
    ],
)
def test_variables_of_another_store_do_not_reach_the_script(
    run_to_end: RunScript, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setenv(name, "theirs")
    assert log(run_to_end(f"import os; print(os.environ.get({name!r}))")) == "None\n"


def test_other_variables_of_mlflow_reach_the_script(run_to_end: RunScript, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "true")
    assert log(run_to_end("import os; print(os.environ['MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING'])")) == "true\n"


def test_a_shell_with_a_server_of_its_own_still_records_here(
    run_to_end: RunScript, monkeypatch: pytest.MonkeyPatch
):
    """Credentials for that server would otherwise be sent in place of the run's token."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", TEAM)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    run = run_to_end("import mlflow; mlflow.log_param('a', 1)")
    assert run.tracked.params == {"a": "1"}


def test_the_plan_says_that_the_shells_server_is_not_used(
    engine: Engine, script: WriteScript, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", TEAM)
    plan = engine.plan("script", set={"path": str(script(""))})
    (told,) = [reason for reason in plan.stage("model").reasons if "MLFLOW_TRACKING_URI" in reason]
    assert "http://team:***@mlflow.example:5000/x, is ignored" in told
    assert "secret" not in told


def test_the_plan_says_where_a_recipe_sends_its_metrics(engine: Engine, script: WriteScript):
    settings = {"path": str(script("")), "variables": f"MLFLOW_TRACKING_URI={TEAM}"}
    reasons = engine.plan("script", set=settings).stage("model").reasons
    assert "metrics go to http://team:***@mlflow.example:5000/x, not to this run" in reasons


def test_a_recipes_server_gets_the_shells_credentials_and_not_the_runs_token(
    run_to_end: RunScript, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
    names = ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_TOKEN")
    run = run_to_end(
        f"import os; print([os.environ.get(name) for name in {names}])",
        variables="MLFLOW_TRACKING_URI=http://server:5000",
    )
    assert log(run) == "['http://server:5000', 'me', None]\n"


@pytest.mark.parametrize("address", ["http://[x", "sqlite:///my.db"])
def test_any_address_in_the_shell_is_named_in_the_plan(
    engine: Engine, script: WriteScript, monkeypatch: pytest.MonkeyPatch, address: str
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    reasons = engine.plan("script", set={"path": str(script(""))}).stage("model").reasons
    assert any(address in reason for reason in reasons)


def test_a_proxy_does_not_stand_between_a_script_and_its_run(
    run_to_end: RunScript, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    run = run_to_end("import mlflow, os; mlflow.log_param('a', os.environ['NO_PROXY'])")
    assert run.tracked.params == {"a": "intranet.example,127.0.0.1"}


@pytest.mark.parametrize(
    ("shell", "script_sees"),
    [
        ({"NO_PROXY": "a.example"}, "a.example,127.0.0.1"),
        ({"no_proxy": "b.example"}, "b.example,127.0.0.1"),
        ({"NO_PROXY": "a.example", "no_proxy": "b.example"}, "b.example,127.0.0.1"),
        ({"NO_PROXY": "*"}, "*"),
        ({}, "127.0.0.1"),
    ],
)
def test_hosts_without_a_proxy_stay_without_one(
    run_to_end: RunScript, monkeypatch: pytest.MonkeyPatch, shell: dict[str, str], script_sees: str
):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in shell.items():
        monkeypatch.setenv(name, value)
    run = run_to_end("import os; print(os.environ['NO_PROXY'], os.environ['no_proxy'])")
    assert log(run) == f"{script_sees} {script_sees}\n"


def test_the_variables_of_a_script_reach_it(run_to_end: RunScript):
    run = run_to_end("import os; print(os.environ['A'], os.environ['B'])", variables="A=1 B='two words'")
    assert log(run) == "1 two words\n"


@pytest.mark.parametrize("text", ["A", "=1", "1A=2", "A-B=1", "'A=1"])
def test_variables_that_are_none_are_refused(dressage: Dressage, script: WriteScript, text: str):
    told = dressage("plan", str(script("")), "--set", f"variables={text}")
    assert told.returncode == 2
    assert "variables" in told.stderr


FAILS = "import sys, atexit\natexit.register(lambda: print({said!r}))\nraise ValueError('bad rate')"


@pytest.mark.parametrize(
    "said",
    [
        "🏃 View run zealous-kit-12 at: http://127.0.0.1:5000/#/experiments/0/runs/1",
        "🧪 View experiment at: http://127.0.0.1:5000/#/experiments/0",
        "wandb: waiting for the last files",
    ],
)
def test_what_is_printed_at_exit_is_not_why_a_script_failed(run_to_end: RunScript, said: str):
    assert reason_of(run_to_end(FAILS.format(said=said))).endswith("exit code 1: ValueError: bad rate")


def test_of_a_chain_of_exceptions_the_last_is_why(run_to_end: RunScript):
    run = run_to_end(
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise KeyError('rate') from error"
    )
    assert reason_of(run).endswith("exit code 1: KeyError: 'rate'")


def test_a_script_that_caught_an_exception_and_gave_up_says_so_itself(run_to_end: RunScript):
    run = run_to_end(
        "import sys, traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    traceback.print_exc()\n"
        "print('no data, giving up', file=sys.stderr)\nsys.exit(3)"
    )
    assert reason_of(run).endswith("exit code 3: no data, giving up")


RECORDING = """
import mlflow
client = mlflow.MlflowClient()
with mlflow.start_run() as run:
    mlflow.log_metric("accuracy", 0.5)
    model = client.create_logged_model(experiment_id=run.info.experiment_id, name="net")
    client.finalize_logged_model(model.model_id, "READY")
    data = mlflow.entities.Dataset("mnist", "abc", "x", "{}")
    client.log_inputs(run.info.run_id, [mlflow.entities.DatasetInput(data)])
    with mlflow.start_run(nested=True, run_name="fold 1"):
        mlflow.log_metric("accuracy", 0.25)
for _ in range(2):
    try:
        client.create_webhook("hook", "https://example.org", [])
    except Exception:
        pass
"""


@pytest.fixture(scope="module")
def project_with_records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of a run whose script recorded a bit of everything and asked for too much."""
    project = tmp_path_factory.mktemp("project")
    (project / "train.py").write_text(RECORDING)
    run = Engine(project).run("script", set={"path": str(project / "train.py")})
    assert run.wait(60).state == "Completed", b"".join(run.logs())
    return project


def test_runs_show_names_models_inputs_and_the_runs_of_the_script(
    dressage: Dressage, project_with_records: Path
):
    shown = dressage("runs", "show", "latest", cwd=project_with_records).stdout
    assert "logged models\n  net  models/m-" in shown
    assert "inputs\n  mnist  abc" in shown
    assert "  fold 1  FINISHED  accuracy 0.25" in shown


def test_programs_get_each_run_with_its_own_record(dressage: Dressage, project_with_records: Path):
    shown = json.loads(dressage("runs", "show", "latest", "-o", "json", cwd=project_with_records).stdout)
    (child,) = shown["runs"]
    assert (child["name"], child["parent_id"], child["status"]) == ("fold 1", shown["run_id"], "FINISHED")
    assert [point["value"] for point in child["history"]["accuracy"]] == [0.25]
    assert shown["inputs"][0]["name"] == "mnist"
    assert shown["logged_models"][0]["path"].startswith("models/m-")


def test_what_was_refused_is_shown_with_its_count(dressage: Dressage, project_with_records: Path):
    shown = dressage("runs", "show", "latest", cwd=project_with_records).stdout
    sentence = "MLflow request not supported by this platform: POST webhooks (2 times)"
    assert f"warning: {sentence}\n" in shown


def test_what_was_refused_is_reported_at_the_end_of_a_run(dressage: Dressage, script: WriteScript):
    told = dressage("run", str(script("import mlflow\nmlflow.MlflowClient().get_webhook('x')")))
    assert "not supported by this platform: GET " in told.stdout


def test_a_file_and_an_artifact_of_the_same_path_are_both_kept(run_to_end: RunScript, tmp_path: Path):
    run = run_to_end(
        "import mlflow\nmlflow.start_run()\nopen('outputs/best.txt', 'w').write('first')\n"
        "mlflow.log_artifact('outputs/best.txt', 'outputs')\nopen('outputs/best.txt', 'w').write('second')\n"
    )
    run.download(tmp_path)
    assert (tmp_path / "outputs/best.txt").read_text() == "second"
    assert (tmp_path / "artifacts/outputs/best.txt").read_text() == "first"


def test_json_tells_apart_what_is_no_number(dressage: Dressage, script: WriteScript):
    text = "import mlflow\nfor n, v in enumerate(('nan', 'inf', '-inf')): mlflow.log_metric('m', float(v), step=n)"
    dressage("run", str(script(text)))
    shown = json.loads(dressage("runs", "show", "latest", "-o", "json").stdout)
    assert [point["value"] for point in shown["history"]["m"]] == ["NaN", "Infinity", "-Infinity"]


def test_how_a_script_says_that_its_run_ended_is_shown(dressage: Dressage, script: WriteScript):
    dressage(
        "run", str(script("import mlflow\nmlflow.start_run(run_name='lr 10')\nmlflow.end_run('FAILED')"))
    )
    shown = dressage("runs", "show", "latest").stdout
    assert "lr 10  FAILED" in shown
