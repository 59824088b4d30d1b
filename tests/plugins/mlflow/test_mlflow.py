"""Copy runs to a SQLite store of MLflow, by the setting `mirror` and by `runs export`; the worker is built for it."""

import json
import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.core.delivery.conftest import Observers, observers  # noqa: F401 (a fixture)
from tests.fixtures import Dressage, WriteScript
from tests.recipes import Tiny
from tests.waiting import eventually

from dressage import Engine, SettingsError
from dressage.records.run_folder import RunFolder
from dressage_mlflow.addresses import Address, parse_address
from dressage_mlflow.contexts import read_context
from dressage_mlflow.files import find_files

RECORDS = """
import mlflow
from mlflow.entities import Metric
client = mlflow.MlflowClient()
with mlflow.start_run(run_name="rich") as run:
    mlflow.log_params({"rate": 0.1, "layers": 3})
    mlflow.set_tags({"team": "vision", "gone": "1"})
    client.delete_tag(run.info.run_id, "gone")
    mlflow.log_metric("odd", float("nan"), step=1)
    client.log_batch(run.info.run_id, [Metric("loss", n / 7, 1_700_000_000_000 + n, n) for n in range(1200)])
    with mlflow.start_run(nested=True, run_name="fold"):
        mlflow.log_metric("loss", 0.5, step=3)
        mlflow.log_text("note", "notes/fold.txt")
    mlflow.log_text("own", "own.txt")
    model = mlflow.initialize_logged_model(name="net", params={"depth": "2"})
    mlflow.log_metric("accuracy", 0.9, step=2, model_id=model.model_id)
    open("weights.bin", "w").write("weights")
    import os; os.mkdir("net"); os.rename("weights.bin", "net/weights.bin")
    client.log_model_artifacts(model.model_id, "net")
    mlflow.finalize_logged_model(model.model_id, "READY")
open("outputs/model.txt", "w").write("model")
"""


class Store:
    """Reads a store's tables, which are the same for every client of MLflow."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def address(self) -> str:
        return f"sqlite:///{self.path}"

    def rows(self, query: str, *values: Any) -> list[Any]:
        with sqlite3.connect(self.path) as connection:
            return connection.execute(query, values).fetchall()

    def run_of(self, run_id: str) -> str:
        """Return the id of the run's copy; there must be one only."""
        query = "SELECT run_uuid FROM tags WHERE key = 'dressage.run_id' AND value = ?"
        ((found,),) = self.rows(query, run_id)
        return str(found)

    def tags(self, copy: str) -> dict[str, str]:
        return dict(self.rows("SELECT key, value FROM tags WHERE run_uuid = ?", copy))

    def dump(self) -> dict[str, list[Any]]:
        """Return what a second copy must not change."""
        tables = ("experiments", "params", "logged_models", "logged_model_params")
        found = {name: sorted(map(repr, self.rows(f"SELECT * FROM {name}"))) for name in tables}  # noqa: S608
        metrics = "SELECT key, value, step, timestamp, is_nan, run_uuid FROM metrics"
        return {**found, "metrics": sorted(map(repr, self.rows(metrics)))}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "mlflow.db")


@pytest.mark.parametrize(
    ("text", "plain", "credentials"),
    [
        ("https://mlflow.example/", "https://mlflow.example", None),
        ("https://u:p%40w@mlflow.example:8/x", "https://mlflow.example:8/x", ("u", "p@w")),
        ("sqlite:///store.db", "sqlite:////here/store.db", None),
        ("sqlite:////there/store.db", "sqlite:////there/store.db", None),
    ],
)
def test_an_address_is_separated_from_its_credentials(
    text: str, plain: str, credentials: tuple[str, str] | None
):
    assert parse_address(text, Path("/here")) == Address(plain, credentials)


@pytest.mark.parametrize(
    "text", ["", "mlflow.example", "ftp://u:s3cret@host", "sqlite:///", "https://h:port"]
)
def test_an_address_that_cannot_be_used_is_refused_without_showing_it(text: str):
    with pytest.raises(SettingsError, match="give https://HOST") as raised:
        parse_address(text, Path("/here"))
    assert "s3cret" not in str(raised.value)


def test_a_context_has_no_settings_and_no_variables(tmp_path: Path):
    folder = RunFolder(tmp_path / "runs" / "iris-1")
    folder.path.mkdir(parents=True)
    request = {
        "recipe": "iris",
        "platform": "local",
        "experiment": "night",
        "name": "first",
        "tags": {"a": "b"},
        "settings": {"key": "s3cret"},
        "environment": {"variables": {"TOKEN": "s3cret"}},
    }
    folder.create(request, {"user": "lee", "before": {"environment": {}}})
    folder.journal.append("tracking.experiment", experiment_id="1", name="deep")
    folder.journal.append("tracking.run", run="f1", name="fold", experiment_id="1")
    context = read_context(folder)
    assert (context["experiment"], context["name"], context["user"]) == ("night", "first", "lee")
    assert (context["experiments"], context["runs"]) == ({"1": "deep"}, {"f1": "1"})
    assert context["tags"] == {"a": "b", "dressage.recipe": "iris", "dressage.platform": "local"}
    assert "s3cret" not in json.dumps(context)


def test_files_belong_to_the_run_a_further_run_or_a_model(tmp_path: Path):
    folder = RunFolder(tmp_path)
    for path in (
        "work/outputs/a",
        "artifacts/own.txt",
        "artifacts/runs/f1/n/x",
        "artifacts/models/m-1/MLmodel",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    folder.log.write_text("x")
    assert [found[:3] for found in find_files(folder, None)] == [
        ("run", "", "user_logs/std_log.txt"),
        ("run", "", "outputs/a"),
        ("model", "m-1", "MLmodel"),
        ("run", "", "own.txt"),
        ("child", "f1", "n/x"),
    ]


@pytest.mark.slow
class TestCopies:
    """These build the worker's environment."""

    def test_an_export_copies_everything_and_a_second_one_changes_nothing(
        self, project: Path, dressage: Dressage, script: WriteScript, store: Store
    ):
        path = script(RECORDS)
        assert dressage("run", str(path), "--tag", "a=b", "--experiment", "night").returncode == 0
        exported = dressage("runs", "export", "latest", "--mlflow", store.address)
        assert exported.returncode == 0, exported.stderr
        assert "warning" not in exported.stderr
        run = Engine(project).get("latest")
        copy = store.run_of(run.id)
        assert {"a": "b", "team": "vision", "dressage.state": "Completed"}.items() <= store.tags(copy).items()
        assert "gone" not in store.tags(copy)
        assert store.rows("SELECT status FROM runs WHERE run_uuid = ?", copy) == [("FINISHED",)]
        counts = store.rows(
            "SELECT key, count(*) FROM metrics WHERE run_uuid = ? GROUP BY key ORDER BY key", copy
        )
        assert counts == [("accuracy", 1), ("loss", 1200), ("odd", 1)]
        assert sorted(store.rows("SELECT key, value FROM params WHERE run_uuid = ?", copy)) == [
            ("layers", "3"),
            ("rate", "0.1"),
        ]
        ((child,),) = store.rows(
            "SELECT run_uuid FROM tags WHERE key = 'mlflow.parentRunId' AND value = ?", copy
        )
        assert store.rows("SELECT name FROM runs WHERE run_uuid = ?", child) == [("fold",)]
        files = {
            found.name for found in store.path.with_name("mlflow-artifacts").rglob("*") if found.is_file()
        }
        assert {"model.txt", "own.txt", "std_log.txt", "fold.txt", "weights.bin"} <= files
        before = store.dump()
        assert dressage("runs", "export", "latest", "--mlflow", store.address).returncode == 0
        assert store.dump() == before

    def test_a_mirror_that_is_killed_at_any_time_copies_each_value_once(
        self,
        project: Path,
        dressage: Dressage,
        script: WriteScript,
        store: Store,
        observers: Observers,  # noqa: F811
    ):
        from tests.core.delivery.conftest import delivering_processes

        (project / "dressage.toml").write_text(f'mirror = "{store.address}"\n')
        assert dressage("run", "-d", str(script(RECORDS))).returncode == 0
        engine, kills = Engine(project), 0
        run = engine.get("latest")
        while kills < 8 and observers.is_delivering:
            for process in delivering_processes(project):
                os.kill(process, signal.SIGKILL)
                kills += 1
            engine.runs()
            eventually(lambda: bool(delivering_processes(project)) or not observers.is_delivering)
        eventually(lambda: not self._is_pending(project), 240)
        copy = store.run_of(run.id)
        assert store.rows("SELECT count(*) FROM metrics WHERE run_uuid = ?", copy) == [(1202,)]
        assert store.rows("SELECT count(*) FROM logged_models") == [(1,)]
        assert store.rows("SELECT status FROM runs WHERE run_uuid = ?", copy) == [("FINISHED",)]

    @staticmethod
    def _is_pending(project: Path) -> bool:
        Engine(project).runs()  # starts the process, if it was killed
        return any((project / ".dressage" / "observers" / "pending").iterdir())

    def test_a_server_that_is_down_costs_a_run_nothing(
        self,
        project: Path,
        tiny: Tiny,
        observers: Observers,  # noqa: F811
    ):
        (project / "dressage.toml").write_text('mirror = "http://user:s3cret@127.0.0.1:9"\n')
        engine = Engine(project)
        engine.plugins.add("recipe", "tiny", tiny)
        assert engine.run("tiny").wait(60).state == "Completed"
        eventually(lambda: "events wait: MLflow server: no connection (" in observers.log, 240)
        texts = [path.read_bytes() for path in (project / ".dressage").rglob("*") if path.is_file()]
        assert not any(b"s3cret" in text for text in texts)
