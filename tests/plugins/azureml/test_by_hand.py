"""Somebody works on the workspace with the plain SDK, somebody else with dressage: each reads what the other made."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.azureml import Loopback, loopback, worker_python
from tests.fixtures import Dressage
from tests.plugins.azureml.conftest import with_tiny

from dressage import Engine, NotFoundError, SettingsError
from dressage.engine.runs import Run

pytestmark = pytest.mark.slow

BY_HAND = """
import json, os, sys
from azureml.core import Dataset, Environment, Experiment, Model, Run, ScriptRunConfig, Workspace

workspace = Workspace.from_config()
store = workspace.get_default_datastore()
store.upload_files([os.path.abspath("own.csv")], target_path="own", show_progress=False)
Dataset.File.from_files((store, "own"), validate=False).register(workspace, "own-data", description="by hand")
data = Dataset.get_by_name(workspace, "numbers")
configuration = ScriptRunConfig(
    source_directory="own", script="train.py",
    arguments=["--data", data.as_named_input("numbers").as_mount(), "--rate", "0.5"],
    compute_target=workspace.compute_targets["cpu-cluster"], environment=Environment.get(workspace, "tiny-env"),
)
run = Experiment(workspace, "by-hand").submit(configuration, tags={"by": "hand"})
run.wait_for_completion()
model = run.register_model("own-model", model_path="outputs/model", tags={"by": "hand"})
configuration.arguments = ["--unknown"]
failed = Experiment(workspace, "failing").submit(configuration)
failed.wait_for_completion(raise_on_error=False)
theirs = Run.get(workspace, sys.argv[1])
print("RESULT" + json.dumps({
    "run": run.id, "failed": failed.id, "files": data.to_path(), "metrics": theirs.get_metrics(),
    "outputs": theirs.get_file_names(), "tags": theirs.get_tags(), "model": Model(workspace, "tiny").version,
}))
sys.stdout.flush()
os._exit(0)  # the dataset library would spend seconds on telemetry
"""
TRAIN = """
import argparse, os, pathlib, time
import mlflow
parser = argparse.ArgumentParser()
parser.add_argument("--data", type=pathlib.Path)
parser.add_argument("--rate")
options = parser.parse_args()
print("rate", options.rate, flush=True)
mlflow.log_metric("loss", 0.25)
pathlib.Path("outputs/model").mkdir(parents=True, exist_ok=True)
pathlib.Path("outputs/model/weights").write_text("".join(path.read_text() for path in options.data.iterdir()))
"""
METRIC = "import mlflow\nmlflow.log_metric('accuracy', 0.5)\n"


@dataclass
class Shared:
    """The workspace after both have worked. found: what the SDK read. ours: the run of dressage."""

    service: Loopback
    project: Path
    engine: Engine
    ours: Run
    found: dict[str, Any]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    project = tmp_path_factory.mktemp("project")
    with (
        pytest.MonkeyPatch.context() as patch,
        loopback(tmp_path_factory.mktemp("azureml")) as service,
    ):
        service.enter(project, patch)
        engine = with_tiny(project)
        (project / "tiny" / "train.py").write_text(METRIC + (project / "tiny" / "train.py").read_text())
        ours = engine.run("tiny", tags={"by": "dressage"})
        assert ours.wait(120).state == "Completed"
        yield Shared(service, project, engine, ours, work_by_hand(project, ours.id))
        assert not service.state()["unknown"]
        assert not service.state()["failures"]


def work_by_hand(project: Path, run_id: str) -> dict[str, Any]:
    (project / "own").mkdir()
    (project / "own" / "train.py").write_text(TRAIN)
    (project / "own.csv").write_text("7,8\n")
    done = subprocess.run(
        [worker_python(), "-c", BY_HAND, run_id],
        cwd=project,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.rpartition("RESULT")[2])
    return found


@pytest.fixture
def command(shared: Shared, dressage: Dressage) -> Dressage:
    """The command line, in another folder: nothing is recorded there."""
    folder = Path.cwd()
    for name in ("config.json", "dressage.toml"):
        (folder / name).write_bytes((shared.project / name).read_bytes())
    return dressage


def test_the_sdk_reads_what_dressage_made(shared: Shared):
    found = shared.found
    assert found["files"] == ["/data.csv"]
    assert found["metrics"] == {"accuracy": 0.5}
    assert "outputs/model/weights" in found["outputs"]
    assert found["tags"]["by"] == "dressage"
    assert found["model"] == 1


def test_dressage_reads_what_the_sdk_made(shared: Shared, tmp_path: Path):
    platform = shared.engine.platform()
    (dataset,) = platform.datasets.list("own-data")
    platform.datasets.download(dataset, tmp_path / "data")
    assert (tmp_path / "data" / "own.csv").read_text() == "7,8\n"
    model = next(one for one in platform.models.list() if one.name == "own-model")
    platform.models.download(model, tmp_path / "model")
    assert [path.read_text() for path in (tmp_path / "model").rglob("weights")] == ["1,2,3\n"]


def test_all_runs_are_listed(shared: Shared, command: Dressage):
    rows = [line.split() for line in command("runs", "list", "--on", "azureml").stdout.splitlines()]
    assert [row[0] for row in rows] == [shared.found["failed"], shared.found["run"], shared.ours.id]
    assert rows[1][1:5] == ["Completed", "by-hand", "Loopback", "User"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--experiment", "by-hand"), ["run"]),
        (("--experiment", "unknown"), []),
        (("--tag", "by=hand"), ["run"]),
        (("--tag", "by=it's"), []),
        (("-n", "1"), ["failed"]),
        (("--state", "Failed"), ["failed"]),
        (("--state", "Canceled"), []),
    ],
)
def test_filters_choose_runs(
    shared: Shared, command: Dressage, options: tuple[str, ...], expected: list[str]
):
    listed = json.loads(command("runs", "list", "--on", "azureml", *options, "-o", "json").stdout)
    assert [run["run_id"] for run in listed] == [shared.found[name] for name in expected]


def test_a_run_of_the_sdk_is_shown_by_its_id(shared: Shared, command: Dressage):
    run_id = shared.found["run"]
    shown = command("runs", "show", run_id, "--on", "azureml")
    assert shown.returncode == 0, shown.stderr
    for words in ("by-hand", "Completed", "train.py", "cpu-cluster", "loss", "own-model:1", "by=hand"):
        assert words in shown.stdout
    assert command("runs", "logs", run_id, "--on", "azureml").stdout.startswith("rate 0.5\n")
    assert "outputs/model/weights" in command("runs", "files", run_id).stdout  # it is recorded now
    assert command("runs", "wait", run_id).returncode == 0
    command("runs", "download", run_id, "outputs/", "--to", "copy")
    assert Path("copy/outputs/model/weights").read_text() == "1,2,3\n"


def test_a_run_of_the_sdk_is_not_resumed(shared: Shared):
    with pytest.raises(SettingsError, match="was not started by dressage and cannot be resumed"):
        shared.engine.resume(shared.found["failed"])


def test_a_file_of_dressage_is_not_among_the_files(shared: Shared):
    assert not [file.path for file in shared.ours.files if file.path.startswith("dressage")]


def test_a_run_that_nobody_has_is_one_line(shared: Shared, command: Dressage):
    for named in ("nobody-1", "a/b", "../x"):
        shown = command("runs", "show", named, "--on", "azureml")
        assert (shown.returncode, shown.stderr) == (
            2,
            f"error: no run named {named!r}, neither recorded here nor on platform 'azureml'; list its runs with:"
            " dressage runs list --on azureml\n",
        )


def test_without_on_the_error_is_as_before(shared: Shared, command: Dressage):
    assert command("runs", "show", "nobody-1").stderr == "error: no run named 'nobody-1'; known: none\n"
    with pytest.raises(NotFoundError, match="neither recorded here nor on platform 'azureml'"):
        shared.engine.get("nobody-1")  # its configuration says azureml
