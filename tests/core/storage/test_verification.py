"""What a run reads is what was registered: wrong files are made again from their source, or refused by name."""

import os
import shutil
from pathlib import Path

import pytest
from tests.recipes import Tiny

from dressage import (
    DatasetFolder,
    Engine,
    FileDataset,
    Model,
    RegisteredDataset,
    Script,
    Source,
    StageError,
    hookimpl,
)
from dressage.engine.runs import Run
from dressage.records.requests import Submission
from dressage.storage.verification import verify_inputs, verify_inputs_after

WRITES = """\
import os, pathlib, sys
path = pathlib.Path(sys.argv[1], "data.csv")
os.chmod(path, 0o644)
path.write_text("9,9,9\\n")
pathlib.Path("outputs/model").mkdir()
pathlib.Path("outputs/model/weights").write_text("1")
"""


def stored(engine: Engine, name: str = "numbers", version: int = 1) -> Path:
    return engine.workspace.root / "datasets" / name / str(version) / "data.csv"


def alter(path: Path, text: str = "9,9,9\n") -> None:
    """Write other bytes of the same length, as a careless script does; the file keeps its inode."""
    path.chmod(0o644)
    path.write_text(text)


def quarantined(engine: Engine) -> list[str]:
    return sorted(path.read_text() for path in (engine.workspace.root / "quarantine").iterdir())


def weights(engine: Engine, run: Run) -> str:
    assert run.wait(60).state == "Completed", run.status.reason
    return (run.folder.work / "outputs" / "model" / "weights").read_text()


@pytest.fixture
def right(engine: Engine, tiny: Tiny) -> str:
    """The weights of a first run, on right bytes."""
    return weights(engine, engine.run("tiny"))


class Writing(Tiny):
    """The script writes into its dataset."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (self.source / "train.py").write_text(WRITES)

    @hookimpl
    def model(self) -> Model:  # type: ignore[override]
        script = Script(directory=self.source, file="train.py", arguments=(DatasetFolder(),))
        return Model(name="tiny", script=script)


@pytest.fixture
def writing(engine: Engine, project: Path) -> Writing:
    recipe = Writing(project)
    engine.plugins.add("recipe", "writing", recipe)
    return recipe


def test_a_plan_names_a_file_that_was_altered(engine: Engine, right: str):
    alter(stored(engine))
    stage = engine.plan("tiny", set={"rate": "0.2"}).stage("dataset")
    assert (stage.action, stage.version) == ("create", 1)
    assert stage.reasons == ("file 'data.csv' was changed after it was registered",)


def test_a_plan_names_a_file_that_is_missing(engine: Engine, right: str):
    stored(engine).parent.chmod(0o755)
    stored(engine).unlink()
    assert engine.plan("tiny", set={"rate": "0.2"}).stage("dataset").reasons == (
        "file 'data.csv' was deleted after it was registered",
    )


def test_a_plan_changes_nothing_about_a_wrong_file(engine: Engine, right: str):
    alter(stored(engine))
    engine.plan("tiny")
    assert stored(engine).read_text() == "9,9,9\n"


def test_an_altered_file_is_made_again_from_its_source(engine: Engine, right: str):
    alter(stored(engine))
    assert weights(engine, engine.run("tiny", again=True)) == right
    assert stored(engine).read_text() == "1,2,3\n"


def test_a_missing_file_is_made_again(engine: Engine, right: str):
    stored(engine).parent.chmod(0o755)
    stored(engine).unlink()
    assert weights(engine, engine.run("tiny", again=True)) == right


def test_a_file_that_was_replaced_is_made_again(engine: Engine, right: str):
    stored(engine).parent.chmod(0o755)
    stored(engine).unlink()
    stored(engine).write_text("9,9,9\n")
    assert weights(engine, engine.run("tiny", again=True)) == right
    assert quarantined(engine) == ["9,9,9\n"]


def test_a_file_that_was_added_is_not_read(engine: Engine, right: str):
    stored(engine).parent.chmod(0o755)
    stored(engine).with_name("more.csv").write_text("9\n")
    assert weights(engine, engine.run("tiny", again=True)) == right
    assert quarantined(engine) == ["9\n"]


def test_the_wrong_bytes_are_kept_in_the_quarantine(engine: Engine, right: str):
    alter(stored(engine))
    engine.run("tiny", again=True).wait(60)
    assert "9,9,9\n" in quarantined(engine)


def test_all_versions_with_the_file_are_repaired(engine: Engine, right: str):
    source = Source(path="data.csv", addresses=(str(engine.directory / "data.csv"),))
    engine.platform().datasets.ensure(FileDataset(name="other", sources=(source,)), lambda *_: None)
    alter(stored(engine))
    engine.run("tiny", again=True).wait(60)
    assert stored(engine, "other").read_text() == "1,2,3\n"
    assert stored(engine, "other").stat().st_ino == stored(engine).stat().st_ino


def test_a_registered_dataset_is_repaired_from_where_it_came(engine: Engine, right: str):
    alter(stored(engine))
    [version] = engine.platform().datasets.list("numbers")
    engine.platform().datasets.mend(version, lambda *_: None)  # type: ignore[attr-defined]
    assert stored(engine).read_text() == "1,2,3\n"


class Registered(Tiny):
    @hookimpl
    def dataset(self) -> RegisteredDataset:  # type: ignore[override]
        return RegisteredDataset(name="numbers")


def test_a_registered_dataset_without_its_source_is_refused_by_name(
    engine: Engine, tiny: Tiny, right: str, project: Path
):
    engine.plugins.add("recipe", "registered", Registered(project))
    alter(stored(engine))
    tiny.data.unlink()
    assert engine.plan("registered", set={"rate": "0.2"}).stage("dataset").action == "create"
    with pytest.raises(
        StageError, match=r"numbers:1.*cannot be created again.*copy 'data\.csv'.*does not exist"
    ):
        engine.run("registered", again=True)


def test_a_source_with_other_bytes_is_not_used(engine: Engine, tiny: Tiny, right: str, project: Path):
    engine.plugins.add("recipe", "registered", Registered(project))
    alter(stored(engine))
    tiny.data.write_text("7,7,7\n")
    with pytest.raises(StageError, match=r"'data\.csv'.*checksum mismatch"):
        engine.run("registered", again=True)


def test_a_script_that_writes_into_its_dataset_fails_its_run(engine: Engine, writing: Writing):
    run = engine.run("writing")
    status = run.wait(60)
    assert status.state == "Failed"
    assert "dataset 'numbers:1': file 'data.csv' was changed during the run" in str(status.reason)
    assert engine.platform().models.list() == []


def test_what_a_script_wrote_into_its_dataset_is_repaired(engine: Engine, writing: Writing):
    engine.run("writing").wait(60)
    assert stored(engine).read_text() == "1,2,3\n"
    assert quarantined(engine)[0] == "9,9,9\n"


def test_a_run_with_its_own_copy_may_write_into_it(project: Path):
    engine = Engine(project, platforms={"local": {"inputs": "copy"}})
    engine.plugins.add("recipe", "writing", Writing(project))
    run = engine.run("writing")
    assert run.wait(60).state == "Completed"
    assert stored(engine).read_text() == "1,2,3\n"
    assert not run.folder.inputs.exists()


def test_a_run_with_its_own_copy_reads_the_right_bytes(project: Path, right: str):
    engine = Engine(project, platforms={"local": {"inputs": "copy"}})
    engine.plugins.add("recipe", "tiny", Tiny(project))
    assert weights(engine, engine.run("tiny", again=True)) == right


def test_an_altered_snapshot_is_copied_again(engine: Engine, tiny: Tiny, right: str):
    [kept] = (path for path in engine.workspace.snapshots.iterdir() if path.is_dir())
    alter(kept / "train.py", "raise SystemExit(1)\n")
    assert weights(engine, engine.run("tiny", again=True)) == right


def test_an_altered_snapshot_is_copied_again_for_a_resumed_run(engine: Engine, tiny: Tiny, project: Path):
    hold = project / "hold"
    hold.touch()
    run = engine.run("tiny", set={"hold": str(hold)})
    run.cancel()
    run.wait(60)
    hold.unlink()
    shutil.rmtree(run.folder.work, ignore_errors=True)
    alter(run.request.snapshot.directory / "train.py", "raise SystemExit(1)\n")
    assert engine.resume(run.id).wait(60).state == "Completed"


def test_a_snapshot_that_cannot_be_copied_again_is_refused_by_name(engine: Engine, tiny: Tiny, project: Path):
    hold = project / "hold"
    hold.touch()
    run = engine.run("tiny", set={"hold": str(hold)})
    run.cancel()
    run.wait(60)
    alter(run.request.snapshot.directory / "train.py", "raise SystemExit(1)\n")
    (tiny.source / "train.py").write_text("changed\n")
    with pytest.raises(StageError, match=r"'train\.py' was changed.*start a new run with --again"):
        engine.resume(run.id)


@pytest.fixture
def submission(engine: Engine, right: str) -> Submission:
    """A submission whose run has ended: its inputs can be verified again."""
    found = engine.get("latest").folder.refresh().the_submission()
    assert found
    return found


def test_inputs_that_do_not_change_are_accepted(engine: Engine, submission: Submission):
    verify_inputs_after(engine.workspace, submission, verify_inputs(engine.workspace, submission))


def test_a_file_that_is_touched_but_not_changed_is_accepted(engine: Engine, submission: Submission):
    seen = verify_inputs(engine.workspace, submission)
    os.utime(stored(engine))
    verify_inputs_after(engine.workspace, submission, seen)


def test_a_file_that_another_process_repaired_meanwhile_counts_as_changed(
    engine: Engine, submission: Submission
):
    seen = verify_inputs(engine.workspace, submission)
    alter(stored(engine))
    verify_inputs(engine.workspace, submission)
    assert stored(engine).read_text() == "1,2,3\n"
    with pytest.raises(StageError, match=r"'data\.csv' was changed during the run"):
        verify_inputs_after(engine.workspace, submission, seen)


def test_inputs_are_right_without_a_hash_cache(engine: Engine, submission: Submission):
    seen = verify_inputs(engine.workspace, submission)
    (engine.workspace.root / "hashes.sqlite").unlink()
    verify_inputs_after(engine.workspace, submission, seen)
    verify_inputs(engine.workspace, submission)


def test_a_wrong_file_is_found_again_when_its_own_digest_is_known(engine: Engine, right: str):
    alter(stored(engine))
    os.utime(stored(engine), ns=(1, 1))
    for _ in range(2):
        assert engine.plan("tiny", set={"rate": "0.2"}).stage("dataset").action == "create"
