"""What the real mlflow client records through the endpoint."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.core.supervision.tracking.conftest import Recording, Served, record_script, serve

EVERYTHING = """
import json, math, matplotlib, mlflow, numpy, pathlib
matplotlib.use("Agg")
from matplotlib import pyplot
with mlflow.start_run() as run:
    mlflow.log_param("optimizer", "rmsprop")
    mlflow.log_params({"epochs": 20, "rate": 0.1})
    for step in range(3):
        mlflow.log_metric("Loss", 1 / (step + 1), step=step)
    mlflow.log_metrics({"Accuracy": 0.9, "broken": math.nan, "far": math.inf}, step=2)
    mlflow.set_tag("team", "lab")
    mlflow.set_tags({"gone": "soon", "kept": "yes"})
    mlflow.delete_tag("gone")
    mlflow.log_text("hello", "notes/hello.txt")
    mlflow.log_dict({"a": 1}, "config.json")
    pathlib.Path("weights.bin").write_bytes(bytes(1000))
    mlflow.log_artifact("weights.bin")
    figure = pyplot.figure()
    pyplot.plot([1, 2])
    mlflow.log_figure(figure, "Accuracy vs Loss.png")
    mlflow.log_image(numpy.zeros((4, 4, 3), dtype=numpy.uint8), "image.png")
    mlflow.log_image(numpy.zeros((4, 4, 3), dtype=numpy.uint8), key="sample", step=1)
    with mlflow.start_run(nested=True, run_name="child"):
        mlflow.log_metric("Loss", 99)
    client = mlflow.MlflowClient()
    print(json.dumps({
        "run_id": run.info.run_id,
        "history": [[m.step, m.value] for m in client.get_metric_history(run.info.run_id, "Loss")],
        "params": client.get_run(run.info.run_id).data.params,
        "nan": math.isnan(client.get_run(run.info.run_id).data.metrics["broken"]),
        "artifacts": [file.path for file in client.list_artifacts(run.info.run_id)],
        "read back": mlflow.artifacts.load_text(run.info.artifact_uri + "/notes/hello.txt"),
        "runs": len(mlflow.search_runs(output_format="list")),
    }))
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    """One script that records everything there is; each test looks at one part."""
    yield from record_script(tmp_path_factory.mktemp("run"), EVERYTHING)


def test_the_first_run_is_the_run_itself(recording: Recording):
    assert recording.seen["run_id"] == "run-1"


def test_metrics_are_in_the_journal_step_by_step(recording: Recording):
    points = recording.served.tracked.metrics["Loss"]
    assert [(point.step, point.value) for point in points] == [(0, 1.0), (1, 0.5), (2, pytest.approx(1 / 3))]


def test_metrics_logged_together_keep_their_step(recording: Recording):
    assert recording.served.tracked.metrics["Accuracy"][0].step == 2


def test_what_is_not_a_number_survives(recording: Recording):
    metrics = recording.served.tracked.metrics
    assert math.isnan(metrics["broken"][0].value)
    assert math.isinf(metrics["far"][0].value)
    assert recording.seen["nan"]


def test_parameters_are_kept_as_text(recording: Recording):
    assert recording.served.tracked.params == {"optimizer": "rmsprop", "epochs": "20", "rate": "0.1"}
    assert recording.seen["params"] == recording.served.tracked.params


def test_tags_are_kept_and_deleted_ones_are_not(recording: Recording):
    tags = recording.served.tracked.tags
    assert (tags["team"], tags["kept"], "gone" in tags) == ("lab", "yes", False)


def test_the_client_reads_its_metrics_back(recording: Recording):
    assert recording.seen["history"][:2] == [[0, 1.0], [1, 0.5]]


@pytest.mark.parametrize(
    "path", ["notes/hello.txt", "config.json", "weights.bin", "Accuracy vs Loss.png", "image.png"]
)
def test_artifacts_of_every_kind_are_in_the_runs_folder(recording: Recording, path: str):
    assert (recording.served.artifacts / path).stat().st_size > 0


def test_an_image_with_a_step_is_kept(recording: Recording):
    assert list((recording.served.artifacts / "images").glob("sample*step*1*.png"))


def test_the_client_lists_and_reads_its_artifacts(recording: Recording):
    assert {"config.json", "image.png", "notes", "weights.bin"} <= set(recording.seen["artifacts"])
    assert recording.seen["read back"] == "hello"


def test_a_nested_run_keeps_a_record_of_its_own(recording: Recording):
    assert [point.value for point in recording.served.tracked.metrics["Loss"]].count(99) == 0
    assert recording.seen["runs"] == 2


def test_a_changed_parameter_is_refused_and_the_first_value_stays(endpoint: Served):
    refused = endpoint.client(
        "import json, mlflow\n"
        "mlflow.start_run(); mlflow.log_param('rate', 1)\n"
        "try: mlflow.log_param('rate', 2)\n"
        "except mlflow.MlflowException as error: print(json.dumps('Changing param values' in str(error)))\n"
    )
    assert refused is True
    assert endpoint.tracked.params == {"rate": "1"}


def test_a_wrong_token_is_refused(endpoint: Served):
    refused = endpoint.client(
        "import json, mlflow\n"
        "try: mlflow.start_run()\n"
        "except mlflow.MlflowException as error: print(json.dumps('MLFLOW_TRACKING_TOKEN' in str(error)))\n",
        MLFLOW_TRACKING_TOKEN="wrong",
    )
    assert refused is True
    assert list(endpoint.journal.events()) == []


def test_processes_of_one_script_may_record_at_once(endpoint: Served):
    endpoint.client(
        "import multiprocessing, mlflow\n"
        "def work(who):\n"
        "    client = mlflow.MlflowClient()\n"
        "    for step in range(20): client.log_metric('run-1', f'm{who}', step, step=step)\n"
        "workers = [multiprocessing.get_context('fork').Process(target=work, args=(who,)) for who in range(3)]\n"
        "[worker.start() for worker in workers]; [worker.join() for worker in workers]\n"
    )
    metrics = endpoint.tracked.metrics
    assert {key: len(points) for key, points in metrics.items()} == {"m0": 20, "m1": 20, "m2": 20}


def test_steps_that_a_resumed_run_repeats_replace_the_earlier_ones(endpoint_of: Callable[[int], Served]):
    log = (
        "import mlflow; c = mlflow.MlflowClient()\nfor s, v in {!r}: c.log_metric('run-1', 'Loss', v, step=s)"
    )
    endpoint_of(1).client(log.format([(0, 5.0), (1, 4.0)]))
    resumed = endpoint_of(2)
    resumed.client(log.format([(1, 4.0), (2, 3.0)]))
    assert [(point.step, point.value) for point in resumed.tracked.metrics["Loss"]] == [
        (0, 5.0),
        (1, 4.0),
        (2, 3.0),
    ]


def test_a_script_that_says_it_failed_does_not_decide(endpoint: Served):
    endpoint.client("import mlflow; mlflow.start_run(); mlflow.end_run('FAILED')")
    assert "state" not in {event.event for event in endpoint.journal.events()}
    assert endpoint.tracked.status == "FAILED"


def test_the_journal_is_all_there_is(endpoint: Served, tmp_path: Path):
    """What a client reads comes from the journal: another endpoint over it answers the same."""
    endpoint.client("import mlflow; mlflow.start_run(); mlflow.log_param('a', 1)")
    other, running = serve(tmp_path)
    params = other.client(
        "import json, mlflow; print(json.dumps(mlflow.MlflowClient().get_run('run-1').data.params))"
    )
    running.close()
    assert params == {"a": "1"}
