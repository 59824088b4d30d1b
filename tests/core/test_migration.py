"""A workspace that the version before left: layout_1.json holds its files, with a completed and a killed run."""

import json
import os
import shutil
from pathlib import Path

import pytest
from tests.conftest import REPOSITORY
from tests.recipes import Tiny

from dressage import Engine, SettingsError
from dressage.environments.active_interpreter import active_interpreter
from dressage.files.locks import FileLock

COMPLETED, KILLED = "tiny-20261124-150921-c4b5", "tiny-20261124-150921-5143"


@pytest.fixture
def old(project: Path) -> Path:
    """The project of that workspace, as if made here and with this interpreter."""
    key = active_interpreter().key
    for path, text in json.loads((REPOSITORY / "tests" / "core" / "layout_1.json").read_text()).items():
        file = project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("PROJECT", str(project)).replace("ENVIRONMENT", key))
    return project


@pytest.fixture
def tiny(engine: Engine, old: Path) -> Tiny:
    recipe = Tiny(old)
    recipe.data, recipe.variables = old / "data.csv", {"SEED": "1"}
    engine.plugins.add("recipe", "tiny", recipe)
    return recipe


def test_its_runs_are_listed(engine: Engine, old: Path):
    runs = {summary.run_id: summary.status.state for summary in engine.runs()}
    assert runs == {COMPLETED: "Completed", KILLED: "Failed"}


def test_a_run_is_shown_with_what_was_asked_for(engine: Engine, old: Path):
    run = engine.get(COMPLETED)
    assert (run.request.name, run.request.script.label) == ("first", "train.py")
    assert run.request.settings == {"rate": "0.1", "slots": 4, "hold": None}
    assert run.stage("dataset") == "numbers:1"
    assert run.model
    assert (run.model.name, run.model.version) == ("tiny", 1)


def test_its_log_and_files_are_there(engine: Engine, old: Path):
    run = engine.get(COMPLETED)
    assert b"step 3\n" in b"".join(run.logs())
    assert "outputs/model/weights" in [file.path for file in run.files]


def test_the_same_request_is_answered_by_the_run_that_did_it(engine: Engine, tiny: Tiny):
    assert engine.run("tiny").id == COMPLETED


def test_the_killed_run_is_resumed_from_its_checkpoint(engine: Engine, tiny: Tiny):
    run = engine.resume(KILLED)
    assert run.wait(60).state == "Completed"
    assert b"".join(run.logs()).count(b"step 1\n") == 1


def test_a_migration_is_done_once(engine: Engine, old: Path):
    engine.runs()
    journal = old / ".dressage" / "runs" / COMPLETED / "journal.jsonl"
    before = journal.stat().st_ino
    Engine(old).runs()
    assert journal.stat().st_ino == before
    assert json.loads((old / ".dressage" / "workspace.json").read_text()) == {"layout": 4}


def test_a_migration_that_was_killed_is_done_again(old: Path):
    Engine(old).runs()
    (old / ".dressage" / "workspace.json").write_text('{"layout": 1}')
    assert len(Engine(old).runs()) == 2


def test_lines_that_are_damaged_stay(old: Path):
    journal = old / ".dressage" / "runs" / COMPLETED / "journal.jsonl"
    with journal.open("a") as file:
        file.write('{"event":"stage.finished","sta')
    assert Engine(old).get(COMPLETED).status.state == "Completed"
    assert journal.read_text().endswith('"sta')


def test_a_run_that_the_earlier_version_has_going_is_waited_for(old: Path):
    with (
        FileLock(old / ".dressage" / "runs" / KILLED / "supervisor.lock"),
        pytest.raises(SettingsError, match=f"run '{KILLED}' was started by an earlier version of dressage"),
    ):
        Engine(old).runs()


def test_a_journal_keeps_its_time_and_mode(old: Path):
    """The time is when the run last wrote something: the end of one that was killed."""
    journal = old / ".dressage" / "runs" / KILLED / "journal.jsonl"
    os.utime(journal, (1_700_000_000, 1_700_000_000))
    os.utime(journal.with_name("log.txt"), (1_700_000_000, 1_700_000_000))
    journal.chmod(0o600)
    status = Engine(old).get(KILLED).status
    assert status.ended == "2023-11-14T22:13:20.000Z"
    assert journal.stat().st_mode & 0o777 == 0o600


def test_the_earlier_version_starts_no_run_meanwhile(old: Path):
    """It refuses every layout but its own; a migration that was killed is seen by its mark."""
    marker = old / ".dressage" / "workspace.json"
    marker.write_text('{"layout": 2, "migrating": true}')
    assert len(Engine(old).runs()) == 2
    assert json.loads(marker.read_text()) == {"layout": 4}


def test_lines_that_nest_too_deep_or_hold_no_text_stay(old: Path):
    journal = old / ".dressage" / "runs" / COMPLETED / "journal.jsonl"
    with journal.open("a") as file:
        file.write('{"event":"run.created","job":' + "[" * 100_000 + "\n")
        file.write('{"event":"run.submitting","request":"\\ud800"}\n')
    assert len(Engine(old).runs()) == 2


def test_a_workspace_that_was_moved_still_opens(old: Path, tmp_path: Path):
    shutil.move(old / ".dressage", tmp_path / "elsewhere" / ".dressage")
    assert len(Engine(tmp_path / "elsewhere").runs()) == 2


def open_markers(project: Path) -> list[str]:
    folder = project / ".dressage" / "open"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def layout_2(engine: Engine, tiny: Tiny, old: Path) -> Engine:
    """A workspace with layout 2: its markers of open runs are in one folder."""
    engine.runs()
    root = old / ".dressage"
    marker = next((root / "open").rglob(KILLED))
    marker.rename(root / "open" / f"{marker.parent.name}.{KILLED}")
    (root / "workspace.json").write_text('{"layout": 2}')
    engine = Engine(old)
    engine.plugins.add("recipe", "tiny", tiny)
    return engine


def test_markers_of_layout_2_are_moved(layout_2: Engine, old: Path):
    assert len(layout_2.runs()) == 2
    assert [name.rpartition("/")[2] for name in open_markers(old)] == [KILLED]
    assert json.loads((old / ".dressage" / "workspace.json").read_text()) == {"layout": 4}


def test_a_killed_run_of_layout_2_is_found_by_the_same_request(layout_2: Engine):
    request = layout_2.get(KILLED).request
    run = layout_2.run("tiny", set=dict(request.settings), tags=request.tags)
    assert (run.id, run.wait(60).state) == (KILLED, "Completed")


def test_a_run_detached_with_layout_2_stays_detached(layout_2: Engine, old: Path):
    journal = old / ".dressage" / "runs" / KILLED / "journal.jsonl"
    with journal.open("a") as file:
        file.write('{"time":"2026-11-24T15:09:30.000Z","event":"run.detached"}\n')
    layout_2.runs()
    assert [Path(name).parent.name for name in open_markers(old)] == ["detached"]


def test_journals_of_layout_2_are_not_rewritten(layout_2: Engine, old: Path):
    journal = old / ".dressage" / "runs" / COMPLETED / "journal.jsonl"
    before = journal.stat().st_ino
    layout_2.runs()
    assert journal.stat().st_ino == before
