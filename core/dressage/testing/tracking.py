"""What scripts record with MLflow's client."""

import json

import pytest

from dressage.testing.platform_suite import PlatformSuite
from dressage.testing.runner import Runner

_RECORD = """\
import mlflow
with mlflow.start_run():
    mlflow.log_param("rate", 0.1)
    for step, loss in enumerate([3.0, 2.0, 1.5]):
        mlflow.log_metric("loss", loss, step=step)
    mlflow.set_tag("colour", "blue")
"""


class TrackingTests(PlatformSuite):
    """Recording with the plain MLflow client, which must be installed where the scripts run."""

    mlflow: bool = True
    """False if the platform gives scripts no server for MLflow's client, and says so in the notes of the plan."""

    @pytest.fixture(autouse=True)
    def skip_without_mlflow(self, request: pytest.FixtureRequest) -> None:
        if not self.mlflow and request.function.__name__ in vars(TrackingTests):
            pytest.skip("mlflow = False: scripts cannot record with MLflow's client")

    def test_variables_say_where_to_record(self, runner: Runner) -> None:
        names = ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME")
        done = runner.finish(
            f"import json, os; print(json.dumps([os.environ.get(name) for name in {names!r}]))"
        )
        address, experiment = json.loads(done.log)
        assert address
        assert experiment == "kit"

    def test_the_users_own_server_is_not_recorded_to(
        self, runner: Runner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://kit.invalid")
        done = runner.finish("import os; print(os.environ.get('MLFLOW_TRACKING_URI'))")
        assert b"kit.invalid" not in done.log

    def test_what_the_first_run_of_a_script_records_is_the_runs(self, runner: Runner) -> None:
        done = runner.finish(_RECORD)
        assert done.status.state == "Completed", done.log
        tracked = done.run.tracked
        assert tracked.params == {"rate": "0.1"}
        assert [point.value for point in tracked.metrics["loss"]] == [3.0, 2.0, 1.5]
        assert tracked.tags["colour"] == "blue"

    def test_what_was_recorded_is_known_to_every_client(self, runner: Runner) -> None:
        done = runner.finish(_RECORD)
        assert runner.find(done.run.id).tracked.latest() == {"loss": 1.5}
