"""A run that is continued: its script opens everything once more, and nothing is doubled."""

from collections.abc import Callable

from tests.core.supervision.tracking.conftest import API, Served, ask

SCRIPT = """
import mlflow
client = mlflow.MlflowClient()
mlflow.set_experiment("x")
with mlflow.start_run(run_name="own") as run:
    model = client.create_logged_model(experiment_id=run.info.experiment_id, name="net")
    client.log_outputs(run.info.run_id, [mlflow.entities.LoggedModelOutput("m-same", step=1)])
    with mlflow.start_run(nested=True, run_name="fold"):
        mlflow.log_metric("loss", 1.0)
"""


def test_the_first_run_of_each_attempt_is_the_run_itself(endpoint_of: Callable[[int], Served]):
    for attempt in (1, 2):
        endpoint_of(attempt).client(SCRIPT)
    assert [run.name for run in endpoint_of(3).tracked.runs.values()] == ["fold", "fold"]


def test_what_each_attempt_opened_can_be_told_apart(endpoint_of: Callable[[int], Served]):
    for attempt in (1, 2):
        endpoint_of(attempt).client(SCRIPT)
    tracked = endpoint_of(3).tracked
    assert [run.attempt for run in tracked.runs.values()] == [1, 2]
    assert [model.attempt for model in tracked.models.values()] == [1, 2]


def test_the_same_output_is_kept_once(endpoint_of: Callable[[int], Served]):
    for attempt in (1, 2):
        endpoint_of(attempt).client(SCRIPT)
    assert len(endpoint_of(3).tracked.outputs) == 1


def test_a_later_attempt_has_no_end_of_the_earlier_one(endpoint_of: Callable[[int], Served]):
    first = endpoint_of(1)
    ask(first, "POST", API + "runs/create", {"experiment_id": "0", "start_time": 1})
    ask(first, "POST", API + "runs/update", {"run_id": "run-1", "status": "FAILED", "end_time": 100})
    second = endpoint_of(2)
    ask(second, "POST", API + "runs/create", {"experiment_id": "0", "start_time": 900})
    assert (second.tracked.status, second.tracked.started_ms, second.tracked.ended_ms) == (
        "RUNNING",
        900,
        None,
    )


def test_the_run_is_continued_by_its_id_in_the_experiment_that_was_set(endpoint: Served):
    found = endpoint.client(
        "import json, mlflow\n"
        "mlflow.set_experiment('x')\n"
        "with mlflow.start_run(run_id='run-1'): mlflow.log_metric('a', 1)\n"
        "print(json.dumps(len(mlflow.search_runs(output_format='list'))))\n"
    )
    assert found == 1
