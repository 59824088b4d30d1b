"""Experiments, runs beside the run itself, inputs and traces, through the real client."""

from collections.abc import Iterator

import pytest
from tests.core.supervision.tracking.conftest import Recording, record_script

SCRIPT = """
import json, mlflow
from mlflow.entities import Dataset, DatasetInput, InputTag
client = mlflow.MlflowClient()
seen = {}
mlflow.set_experiment("x")
with mlflow.start_run(run_name="own", tags={"team": "lab"}) as own:
    data = Dataset(name="zeros", digest="abc", source_type="local", source="{}")
    read = DatasetInput(data, [InputTag("mlflow.data.context", "training")])
    client.log_inputs(own.info.run_id, [read])
    client.log_inputs(own.info.run_id, [read])
    with mlflow.start_run(nested=True, run_name="child") as child:
        mlflow.log_metric("loss", 1.0)
@mlflow.trace(name="adding")
def add(a, b):
    return a + b
add(1, 2)
mlflow.flush_trace_async_logging()
with mlflow.start_run(run_name="second"):
    mlflow.log_param("b", 2)
mlflow.set_experiment("y")
with mlflow.start_run(run_name="third"):
    mlflow.log_param("c", 3)
made = client.create_experiment("by hand", tags={"a": "b"})
client.set_experiment_tag(made, "c", "d")
client.rename_experiment(made, "renamed")
def names(found): return sorted(one.name for one in found)
def runs(**arguments): return sorted(r.info.run_name for r in mlflow.search_runs(output_format="list", **arguments))
(trace,) = client.search_traces(experiment_ids=[own.info.experiment_id])
client.set_trace_tag(trace.info.trace_id, "kept", "yes")
print(json.dumps({
    "own": own.info.run_id,
    "parent": client.get_run(child.info.run_id).data.tags["mlflow.parentRunId"],
    "experiments": names(client.search_experiments()),
    "tagged": names(client.search_experiments(filter_string="tags.c = 'd'")),
    "in x": runs(experiment_names=["x"]),
    "in y": runs(experiment_names=["y"]),
    "everywhere": runs(search_all_experiments=True),
    "inputs": [[one.dataset.name, one.tags[0].value] for one in client.get_run("run-1").inputs.dataset_inputs],
    "trace": [trace.info.tags["mlflow.traceName"]],
    "spans": [span.name for span in client.get_trace(trace.info.trace_id).data.spans],
    "trace tag": client.get_trace(trace.info.trace_id).info.tags["kept"],
}))
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    yield from record_script(tmp_path_factory.mktemp("run"), SCRIPT)


def test_the_first_run_that_is_opened_is_the_run_itself(recording: Recording):
    assert recording.seen["own"] == "run-1"
    assert (recording.served.tracked.name, recording.served.tracked.tags["team"]) == ("own", "lab")


def test_runs_that_follow_are_kept_beside_it(recording: Recording):
    runs = recording.served.tracked.runs.values()
    assert [(run.name, run.status, run.params) for run in runs] == [
        ("child", "FINISHED", {}),
        ("second", "FINISHED", {"b": "2"}),
        ("third", "FINISHED", {"c": "3"}),
    ]


def test_a_nested_run_knows_its_parent(recording: Recording):
    assert recording.seen["parent"] == "run-1"
    assert [run.parent_id for run in recording.served.tracked.runs.values()] == ["run-1", None, None]


def test_any_experiment_is_accepted_and_searched_by_its_name(recording: Recording):
    assert recording.seen["experiments"] == ["exp", "renamed", "x", "y"]
    assert recording.seen["in x"] == ["child", "own", "second"]
    assert recording.seen["in y"] == ["third"]
    assert recording.seen["everywhere"] == ["child", "own", "second", "third"]


def test_experiments_have_tags(recording: Recording):
    assert recording.seen["tagged"] == ["renamed"]


def test_the_names_are_a_tag_of_the_run(recording: Recording):
    assert recording.served.tracked.tags["dressage.experiments"] == "x, y, renamed"


def test_an_input_is_kept_once(recording: Recording):
    assert recording.seen["inputs"] == [["zeros", "training"]]
    (read,) = recording.served.tracked.inputs
    assert (read.name, read.tags) == ("zeros", {"mlflow.data.context": "training"})


def test_a_trace_is_kept_with_its_spans_as_files_of_the_run(recording: Recording):
    assert (recording.seen["trace"], recording.seen["spans"]) == (["adding"], ["adding"])
    assert recording.seen["trace tag"] == "yes"
    (trace_id,) = recording.served.tracked.traces
    folder = recording.served.artifacts / "traces" / trace_id
    assert sorted(path.name for path in folder.rglob("*.json")) == ["trace_info.json", "traces.json"]


def test_nothing_was_refused(recording: Recording):
    assert recording.served.tracked.refused == {}
