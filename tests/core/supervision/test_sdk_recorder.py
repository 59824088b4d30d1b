"""Scripts of Azure Machine Learning's SDK, version 1, record in the run: the real SDK in its own environment."""

from pathlib import Path
from typing import Any, Protocol

import pytest
from platformdirs import user_cache_path
from tests.azureml import worker_python
from tests.fixtures import WriteScript

from dressage import Engine
from dressage.engine.runs import Run

START = "from azureml.core import Run\nrun = Run.get_context()\n"
PLOT = """
class Plot:
    def savefig(self, place, format):
        open(place, "wb").write(format.encode())
"""
"""What `run.log_image` needs of a plot."""


class RunScript(Protocol):
    """Runs a script to its end, where azureml-core is installed."""

    def __call__(self, text: str, **settings: Any) -> Run: ...


@pytest.fixture
def run_script(engine: Engine, script: WriteScript, monkeypatch: pytest.MonkeyPatch) -> RunScript:
    """Runs a script to its end, where azureml-core is installed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(user_cache_path("dressage").parent))
    monkeypatch.setenv("VIRTUAL_ENV", str(worker_python().parents[1]))

    def run(text: str, **settings: Any) -> Run:
        done = engine.run("script", set={"path": str(script(START + text)), **settings})
        done.wait(120)
        return done

    return run


def log_of(run: Run) -> str:
    return b"".join(run.logs()).decode()


def values(run: Run, name: str) -> list[tuple[int, float]]:
    """Return the steps and values of a metric."""
    return [(point.step, point.value) for point in run.tracked.metrics[name]]


def content_of(run: Run, path: str) -> bytes:
    """Download a file of the run, and return its content."""
    run.download(run.path / "downloads", [path])
    return (run.path / "downloads" / path).read_bytes()


def test_log_records_values_in_their_order(run_script: RunScript):
    run = run_script("for loss in (0.5, 0.25): run.log('Loss', loss)")
    assert (run.status.state, values(run, "Loss")) == ("Completed", [(0, 0.5), (1, 0.25)])


def test_log_prints_nothing(run_script: RunScript):
    """In Azure, it prints nothing either."""
    assert log_of(run_script("run.log('Loss', 1)")) == ""


def test_log_takes_a_step(run_script: RunScript):
    assert values(run_script("run.log('Loss', 1, step=10); run.log('Loss', 2)"), "Loss") == [(10, 1), (11, 2)]


def test_each_context_is_the_same_run(run_script: RunScript):
    run = run_script("run.log('Loss', 1); Run.get_context().log('Loss', 2)")
    assert values(run, "Loss") == [(0, 1), (1, 2)]


def test_log_takes_the_numbers_of_numpy(run_script: RunScript):
    text = "import numpy\nrun.log('Loss', numpy.float32(0.5)); run.log('Count', numpy.int64(3))"
    assert run_script(text).tracked.latest() == {"Loss": 0.5, "Count": 3}


def test_log_refuses_a_list_as_in_azure(run_script: RunScript):
    run = run_script("run.log('Loss', [1, 2])")
    assert (run.status.exit_code, "Use run.log_list instead" in log_of(run)) == (1, True)


def test_log_records_a_text_as_a_tag(run_script: RunScript):
    assert run_script("run.log('best', 'adam')").tracked.tags["best"] == "adam"


def test_log_list_records_each_value(run_script: RunScript):
    assert values(run_script("run.log_list('Loss', [3, 2, 1])"), "Loss") == [(0, 3), (1, 2), (2, 1)]


def test_log_row_records_each_column(run_script: RunScript):
    run = run_script("for x in (1, 2): run.log_row('Curve', x=x, y=x * x)")
    assert (values(run, "Curve.x"), values(run, "Curve.y")) == ([(0, 1), (1, 2)], [(0, 1), (1, 4)])


def test_log_table_records_each_column(run_script: RunScript):
    run = run_script("run.log_table('Curve', {'x': [1, 2], 'y': [1, 4]})")
    assert (values(run, "Curve.x"), values(run, "Curve.y")) == ([(0, 1), (1, 2)], [(0, 1), (1, 4)])


def test_log_image_keeps_a_plot(run_script: RunScript):
    run = run_script(PLOT + "run.log_image('Accuracy vs Loss', plot=Plot())")
    assert content_of(run, "Accuracy vs Loss.png") == b"png"


def test_log_image_keeps_each_image_of_a_name(run_script: RunScript):
    text = "open('a.jpg', 'w').write('1'); run.log_image('a', path='a.jpg'); run.log_image('a', path='a.jpg')"
    assert {"a.jpg", "a_2.jpg"} <= {file.path for file in run_script(text).files}


@pytest.mark.parametrize("kind", ["confusion_matrix", "accuracy_table", "residuals", "predictions"])
def test_charts_are_kept_as_json(run_script: RunScript, kind: str):
    run = run_script(f"run.log_{kind}('chart', {{'data': [1]}})")
    assert content_of(run, "chart.json") == b'{"data": [1]}'


def test_tags_and_properties_are_recorded_as_tags(run_script: RunScript):
    run = run_script(
        "run.tag('a', 1); run.tag('b'); run.set_tags({'c': 'x'}); run.add_properties({'d': 'y'})"
    )
    assert {key: run.tracked.tags[key] for key in "abcd"} == {"a": "1", "b": "", "c": "x", "d": "y"}


def test_uploaded_files_are_files_of_the_run(run_script: RunScript):
    text = """
import io, os
os.makedirs("model/part")
for name in ("model/a", "model/part/b"):
    open(name, "w").write(name)
run.upload_file("one.txt", "model/a")
run.upload_file("stream.txt", io.BytesIO(b"stream"))
run.upload_files(["two.txt"], ["model/a"])
run.upload_folder("copy", "model")
"""
    paths = {file.path for file in run_script(text).files}
    assert {"one.txt", "stream.txt", "two.txt", "copy/a", "copy/part/b"} <= paths


def test_a_file_must_be_below_the_run(run_script: RunScript):
    run = run_script("open('a', 'w').close(); run.upload_file('../../a', 'a')")
    assert "'../../a' is not the name of a file below the run" in log_of(run)


def test_child_runs_are_runs_of_their_own(run_script: RunScript):
    run = run_script("with run.child_run('fold') as child: child.log('Loss', 1)\nrun.log('Loss', 2)")
    (child,) = run.tracked.runs.values()
    assert (child.name, child.status, child.latest(), child.parent_id) == (
        "fold",
        "FINISHED",
        {"Loss": 1},
        run.id,
    )
    assert run.tracked.latest() == {"Loss": 2}


def test_the_script_still_sees_an_offline_run(run_script: RunScript):
    """Scripts use this to find out whether a workspace is there."""
    text = "from azureml.core.run import _OfflineRun\nprint(run.id[:11], type(run) is _OfflineRun)"
    assert log_of(run_script(text)) == "OfflineRun_ True\n"


def test_inputs_have_the_names_of_the_sdk(run_script: RunScript, tmp_path: Path):
    (tmp_path / "a.csv").touch()
    text = "import os\nprint(os.listdir(run.input_datasets['my-data']))"
    assert log_of(run_script(text, inputs=[f"my-data={tmp_path / 'a.csv'}"])) == "['a.csv']\n"


def test_mlflow_opens_the_same_run_after_it(run_script: RunScript):
    run = run_script("run.log('a', 1)\nimport mlflow\nwith mlflow.start_run(): mlflow.log_metric('b', 2)")
    assert (run.tracked.latest(), run.tracked.runs) == ({"a": 1, "b": 2}, {})


def test_processes_of_the_script_record_too(run_script: RunScript):
    text = "import os\nrun.log('a', 1)\nif os.fork() == 0: run.log('b', 2); os._exit(0)\nos.wait(); run.log('c', 3)"
    assert run_script(text).tracked.latest() == {"a": 1, "b": 2, "c": 3}


def test_a_script_that_cannot_record_continues(run_script: RunScript):
    """A process that has lost the run's token is refused. It says so once."""
    logs = START + "run.log('a', 1); run.log('b', 2); print('done')"
    text = f"""
import os, subprocess, sys
variables = {{**os.environ, "MLFLOW_TRACKING_TOKEN": "wrong"}}
subprocess.run([sys.executable, "-c", {logs!r}], env=variables, check=True)
"""
    lines = log_of(run_script(text)).splitlines()
    assert [line.partition(": the run's token")[0] for line in lines] == ["dressage: not recorded", "done"]


def test_the_users_own_paths_stay(run_script: RunScript):
    run = run_script("import os; print(os.environ['PYTHONPATH'].split(':')[0])", variables="PYTHONPATH=/mine")
    assert log_of(run) == "/mine\n"


def test_a_script_without_the_sdk_gets_no_path(engine: Engine, script: WriteScript):
    run = engine.run("script", set={"path": str(script("import os; print(os.environ.get('PYTHONPATH'))"))})
    run.wait(60)
    assert "sdk_recorder" not in log_of(run)


def test_a_script_that_records_elsewhere_does_not_record_here(run_script: RunScript):
    run = run_script("run.log('a', 1)", variables="MLFLOW_TRACKING_URI=http://127.0.0.1:9")
    assert (run.tracked.metrics, "Attempted to log scalar metric a" in log_of(run)) == ({}, True)
