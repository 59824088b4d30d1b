"""The whole flow, with the real SDK: dataset, cluster, environment, run, model."""

import threading
from pathlib import Path

import pytest
from tests.azureml import Loopback
from tests.fileserver import serve_files
from tests.fixtures import WriteScript
from tests.plugins.azureml.conftest import Cloudy, with_tiny
from tests.waiting import eventually

from dressage import Engine, FileDataset, Source, hookimpl
from dressage.engine.runs import Run


def count_results(engine: Engine, service: Loopback) -> dict[str, int]:
    platform = engine.platform()
    submitted = [path for method, path, _ in service.state()["requests"] if path.endswith("/snapshotrun")]
    return {
        "dataset": max((one.version for one in platform.datasets.list()), default=0),
        "cluster": len(platform.compute.list()),
        "environment": len(platform.environments.list()),
        "run": len(submitted),
        "model": len(platform.models.list()),
    }


ONE = {"dataset": 1, "cluster": 1, "environment": 1, "run": 1, "model": 1}


@pytest.fixture
def trained_run(azure: Engine) -> Run:
    run = azure.run("tiny")
    assert run.wait(120).state == "Completed"
    return run


def test_a_plan_sends_nothing_that_changes_anything(azure: Engine, service: Loopback):
    azure.plan("tiny")
    assert service.changes() == []


def test_a_plan_creates_no_workspace(azure: Engine, project: Path):
    azure.plan("tiny")
    assert not (project / ".dressage").exists()


def test_the_first_plan_creates_every_stage(azure: Engine):
    plan = azure.plan("tiny")
    assert [stage.action for stage in plan.stages] == ["upload", "create", "build", "train"]


def test_a_run_ends_in_a_registered_model(trained_run: Run):
    assert trained_run.model is not None
    assert (trained_run.model.name, trained_run.model.version) == ("tiny", 1)


def test_the_plan_after_a_run_reuses_every_stage(azure: Engine, trained_run: Run):
    assert [stage.action for stage in azure.plan("tiny").stages] == ["reuse"] * 4


def test_the_same_request_again_submits_nothing(azure: Engine, service: Loopback, trained_run: Run):
    assert azure.run("tiny").id == trained_run.id
    assert count_results(azure, service) == ONE


def test_training_again_creates_no_new_versions(azure: Engine, service: Loopback, trained_run: Run):
    again = azure.run("tiny", again=True)
    assert again.wait(120).state == "Completed"
    assert count_results(azure, service) == {**ONE, "run": 2}


def test_a_changed_argument_changes_the_model_stage_alone(azure: Engine, trained_run: Run):
    plan = azure.plan("tiny", set={"rate": "0.2"})
    assert [stage.action for stage in plan.stages] == ["reuse", "reuse", "reuse", "train"]
    assert plan.stage("model").reasons == (
        "argument --rate: 0.1 -> 0.2",
        "Azure ML keeps only what the script writes to outputs/ and logs/",
    )


def test_changed_data_is_a_new_version(azure: Engine, project: Path, trained_run: Run):
    (project / "data.csv").write_text("4,5,6\n")
    plan = azure.plan("tiny")
    assert (plan.stage("dataset").action, plan.stage("dataset").version) == ("upload", 2)
    assert "dataset changed" in plan.stage("model").reasons


def test_an_earlier_version_of_the_data_is_found_again(azure: Engine, project: Path, trained_run: Run):
    (project / "data.csv").write_text("4,5,6\n")
    azure.run("tiny").wait(120)
    (project / "data.csv").write_text("1,2,3\n")
    assert (azure.plan("tiny").stage("dataset").action, azure.plan("tiny").stage("dataset").version) == (
        "reuse",
        1,
    )


def test_differences_of_a_cluster_are_shown_and_it_is_not_modified(
    azure: Engine, service: Loopback, trained_run: Run
):
    before = service.changes()
    stage = azure.plan("tiny", set={"slots": 7}).stage("compute")
    assert stage.action == "reuse"
    assert "its max_nodes is 4, not 7; the existing cluster is not modified" in stage.reasons
    azure.platform().compute.ensure(azure.describe("tiny", set={"slots": 7}).compute, lambda *_: None)
    assert service.changes() == before


def test_the_downloaded_model_is_identical(azure: Engine, trained_run: Run, tmp_path: Path):
    assert trained_run.model
    azure.platform().models.download(trained_run.model, tmp_path / "model")
    whole = (tmp_path / "model" / "weights").read_bytes()
    trained_run.download(tmp_path / "files", ["outputs/model/weights"])
    assert whole == (tmp_path / "files" / "outputs" / "model" / "weights").read_bytes()


def test_a_model_has_a_lineage(azure: Engine, trained_run: Run):
    (model,) = azure.platform().models.list()
    assert model.lineage is not None
    assert (model.lineage.run_id, model.lineage.dataset) == (trained_run.id, "numbers:1")
    assert model.lineage.environment.startswith("tiny-env:")


def test_the_dataset_can_be_downloaded(azure: Engine, trained_run: Run, tmp_path: Path):
    (version,) = azure.platform().datasets.list()
    azure.platform().datasets.download(version, tmp_path / "data")
    assert [path.read_text() for path in (tmp_path / "data").rglob("*.csv")] == ["1,2,3\n"]


def test_a_datasets_files_are_listed(azure: Engine, trained_run: Run):
    datasets = azure.platform().datasets
    assert [file.path for file in datasets.files(datasets.list()[0])] == ["data.csv"]


def test_web_addresses_are_registered_as_they_are(azure: Engine, service: Loopback, project: Path):
    class Web(Cloudy):
        @hookimpl
        def dataset(self) -> FileDataset:
            return FileDataset(
                name="web", sources=(Source(path="data.csv", addresses=(server.address + "/data.csv",)),)
            )

    script = (
        "import pathlib, sys\n"
        "print(*(path.read_text() for path in pathlib.Path(sys.argv[2]).rglob('*.csv')))\n"
        "pathlib.Path('outputs/model').mkdir()\n"
        "pathlib.Path('outputs/model/weights').touch()\n"
    )
    with serve_files(files={"/data.csv": b"7,8"}) as server:
        azure.plugins.add("recipe", "web", Web(project))
        (project / "tiny" / "train.py").write_text(script)
        run = azure.run("web")
        assert run.wait(120).state == "Completed"
        assert azure.plan("web").stage("dataset").action == "reuse"
        (version,) = azure.platform().datasets.list()
        azure.platform().datasets.download(version, project / "back")
    assert b"".join(run.logs()) == b"7,8\n"
    assert [path.read_bytes() for path in (project / "back").rglob("*.csv")] == [b"7,8"]


def test_registering_a_folder_twice_gives_one_version(azure: Engine, tmp_path: Path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "weights").write_text("1")
    models = azure.platform().models
    assert [models.register("own", tmp_path / "own").version for _ in range(2)] == [1, 1]


def test_another_machine_reuses_every_stage(azure: Engine, trained_run: Run, tmp_path: Path, project: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("config.json", "dressage.toml", "data.csv"):
        (elsewhere / name).write_bytes((project / name).read_bytes())
    plan = with_tiny(elsewhere).plan("tiny")
    assert [stage.action for stage in plan.stages] == ["reuse"] * 4


def test_a_canceled_run_is_resumed_from_its_checkpoint(azure: Engine, project: Path):
    hold = project / "hold"
    hold.touch()
    run = azure.run("tiny", set={"hold": str(hold)})
    eventually(lambda: b"step 1" in b"".join(run.logs()))
    eventually(lambda: any(file.path == "outputs/checkpoints/step" for file in run.files))
    run.cancel()
    assert run.wait(60).state == "Canceled"
    hold.unlink()
    resumed = azure.resume(run.id)
    assert resumed.wait(120).state == "Completed"
    assert b"".join(resumed.logs()) == b"step 0\nstep 1\nstep 2\nstep 3\n"
    assert resumed.model is not None


def test_the_script_records_with_the_plain_mlflow_client(azure: Engine, script: WriteScript):
    path = script(
        "import mlflow\n"
        "with mlflow.start_run():\n"
        "    mlflow.log_param('depth', 3)\n"
        "    for step in range(3): mlflow.log_metric('loss', 1 / (step + 1), step=step)\n"
        "    mlflow.log_text('hello', 'notes.txt')\n"
    )
    run = azure.run("script", set={"path": str(path)})
    assert run.wait(120).state == "Completed"
    assert [(point.step, point.value) for point in run.tracked.metrics["loss"]] == [
        (0, 1.0),
        (1, 0.5),
        (2, 1 / 3),
    ]
    assert run.tracked.params == {"depth": "3"}
    assert "notes.txt" in {file.path for file in run.files}


def test_the_image_is_named_after_its_content(azure: Engine, trained_run: Run):
    (environment,) = azure.platform().environments.list()
    assert environment.name == "tiny-env"
    assert len(environment.key) == 12


def test_a_long_log_is_complete_and_readable_from_any_byte(azure: Engine, script: WriteScript):
    path = script("for n in range(200_000): print(f'{n:030d}')")
    run = azure.run("script", set={"path": str(path)})
    assert run.wait(120).state == "Completed"
    whole = b"".join(b"%030d\n" % n for n in range(200_000))
    assert b"".join(run.logs()) == whole
    assert b"".join(run.logs(offset=5_000_000)) == whole[5_000_000:]


def test_two_clients_that_watch_a_run_record_its_end_once(azure: Engine, script: WriteScript, project: Path):
    path = script(
        "import mlflow\nwith mlflow.start_run():\n    for n in range(5): mlflow.log_metric('n', n, step=n)\n"
    )
    run = azure.run("script", set={"path": str(path)})
    others = [with_tiny(project).get(run.id) for _ in range(2)]
    threads = [threading.Thread(target=watcher.wait, args=(120,)) for watcher in (run, *others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [point.value for point in run.tracked.metrics["n"]] == [0, 1, 2, 3, 4]


def test_the_model_of_a_detached_run_is_registered_when_a_client_waits_for_it(azure: Engine, project: Path):
    run = azure.run("tiny")
    run.detach()
    eventually(lambda: run.status.has_ended)
    assert azure.platform().models.list() == []
    later = with_tiny(project).get(run.id)
    assert later.wait(60).state == "Completed"
    assert [model.version for model in azure.platform().models.list()] == [1]
