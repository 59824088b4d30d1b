"""Models as MLflow 3 logs them, through the real client."""

from collections.abc import Iterator

import pytest
from tests.core.supervision.tracking.conftest import Recording, record_script

SCRIPT = """
import json, mlflow, pathlib
from mlflow.entities import LoggedModelStatus
client = mlflow.MlflowClient()
with mlflow.start_run() as run:
    first = mlflow.initialize_logged_model(name="net", params={"depth": "3"}, tags={"team": "lab"}, model_type="mlp")
    pathlib.Path("weights").mkdir()
    pathlib.Path("weights/net.bin").write_bytes(b"one")
    client.log_model_artifacts(first.model_id, "weights")
    mlflow.log_metric("accuracy", 0.3, step=0, model_id=first.model_id)
    mlflow.log_metric("accuracy", 0.5, step=1, model_id=first.model_id)
    mlflow.finalize_logged_model(first.model_id, LoggedModelStatus.READY)
    mlflow.set_logged_model_tags(first.model_id, {"kept": "yes", "gone": "soon"})
    mlflow.delete_logged_model_tag(first.model_id, "gone")
    later = client.create_logged_model(
        experiment_id=run.info.experiment_id, name="net", source_run_id=run.info.run_id)
    client.log_outputs(run.info.run_id, [mlflow.entities.LoggedModelOutput(later.model_id, step=7)])
    mlflow.log_metric("accuracy", 0.9, step=7, model_id=later.model_id)
    lost = client.create_logged_model(experiment_id=run.info.experiment_id, name="lost")
    client.delete_logged_model(lost.model_id)
    many = client.create_logged_model(experiment_id=run.info.experiment_id, name="many",
        params={f"p{n}": str(n) for n in range(250)})
read = client.get_logged_model(first.model_id)
ids = {first.model_id: "first", later.model_id: "later", many.model_id: "many"}
def found(**arguments):
    models = mlflow.search_logged_models(experiment_ids=[run.info.experiment_id], output_format="list", **arguments)
    return [ids[model.model_id] for model in models]
best = [{"field_name": "metrics.accuracy", "ascending": False}]
print(json.dumps({
    "first": [read.name, read.model_type, str(read.status)],
    "params": read.params,
    "tags": read.tags,
    "metrics": [[metric.key, metric.value, metric.run_id] for metric in read.metrics],
    "by metric": found(filter_string="metrics.accuracy > 0.6"),
    "by any value": found(filter_string="metrics.accuracy > 0.4 AND metrics.accuracy < 0.4"),
    "by name and run": found(filter_string=f"name = 'net' AND source_run_id = '{run.info.run_id}'"),
    "by parameter": found(filter_string="params.depth = '3'"),
    "best first": found(order_by=best, filter_string="name = 'net'"),
    "all": found(),
    "one": found(max_results=1, order_by=best),
    "outputs": [[ids[o.model_id], o.step] for o in client.get_run(run.info.run_id).outputs.model_outputs],
    "params of many": len(client.get_logged_model(many.model_id).params),
    "files": [file.path for file in mlflow.artifacts.list_artifacts(f"models:/{first.model_id}")],
}, default=str))
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    yield from record_script(tmp_path_factory.mktemp("run"), SCRIPT)


def test_parameters_tags_type_and_status_are_read_back(recording: Recording):
    assert recording.seen["first"] == ["net", "mlp", "READY"]
    assert recording.seen["params"] == {"depth": "3"}
    assert {"team": "lab", "kept": "yes"}.items() <= recording.seen["tags"].items()
    assert "gone" not in recording.seen["tags"]


def test_a_metric_of_a_model_is_the_models_and_the_runs(recording: Recording):
    assert recording.seen["metrics"] == [["accuracy", 0.3, "run-1"], ["accuracy", 0.5, "run-1"]]
    assert [point.value for point in recording.served.tracked.metrics["accuracy"]] == [0.3, 0.5, 0.9]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("by metric", ["later"]),
        ("by any value", ["first"]),
        ("by name and run", ["later", "first"]),
        ("by parameter", ["first"]),
        ("best first", ["later", "first"]),
        ("all", ["many", "later", "first"]),
        ("one", ["later"]),
    ],
)
def test_search_answers_with_what_was_asked(recording: Recording, search: str, found: list[str]):
    assert recording.seen[search] == found


def test_a_checkpoint_keeps_its_step(recording: Recording):
    assert recording.seen["outputs"] == [["later", 7]]


def test_more_parameters_than_a_request_takes_are_all_there(recording: Recording):
    assert recording.seen["params of many"] == 250


def test_its_files_are_files_of_the_run(recording: Recording):
    tracked = recording.served.tracked
    first = next(model for model in tracked.models.values() if model.params.get("depth"))
    assert (recording.served.artifacts / first.path / "net.bin").read_bytes() == b"one"
    assert recording.seen["files"] == ["net.bin"]


def test_a_deleted_model_stays_in_the_journal_as_deleted(recording: Recording):
    deleted = [model.name for model in recording.served.tracked.models.values() if model.deleted]
    assert deleted == ["lost"]


def test_nothing_was_refused(recording: Recording):
    assert recording.served.tracked.refused == {}
