"""The index finds completed runs without looking at all runs."""

import shutil
from pathlib import Path

import pytest
from tests.recipes import Tiny

from dressage import Engine
from dressage.engine.runs import Run


@pytest.fixture
def completed(engine: Engine, tiny: Tiny) -> Run:
    run = engine.run("tiny")
    run.wait(60)
    return run


def action(engine: Engine) -> str:
    return engine.plan("tiny").stage("model").action


def notes(engine: Engine) -> Path:
    return engine.workspace.root / "completed"


def test_a_completed_run_is_noted(engine: Engine, completed: Run):
    assert notes(engine).read_text().split() == [completed.id]


def test_a_run_that_was_noted_twice_is_found(engine: Engine, completed: Run):
    with notes(engine).open("a") as file:
        file.write(f"\n{completed.id}\nno-such-run\n")
    assert action(engine) == "reuse"


def test_a_run_is_found_although_it_was_noted_before_it_completed(engine: Engine, tiny: Tiny):
    run = engine.run("tiny")
    with notes(engine).open("a") as file:
        file.write(f"{run.id}\n")
    assert action(engine) == "train"
    run.wait(60)
    assert action(engine) == "reuse"


def test_a_line_that_was_cut_off_hides_no_later_run(engine: Engine, tiny: Tiny):
    engine.workspace.create()
    notes(engine).write_text("tiny-2026")
    engine.run("tiny").wait(60)
    assert action(engine) == "reuse"


def test_a_run_whose_folder_was_deleted_is_not_reused(engine: Engine, completed: Run):
    assert action(engine) == "reuse"
    shutil.rmtree(completed.path)
    assert action(engine) == "train"


def test_lost_notes_do_no_harm(engine: Engine, completed: Run):
    assert action(engine) == "reuse"
    notes(engine).unlink()
    assert action(engine) == "reuse"
    assert engine.run("tiny", set={"rate": "0.2"}).wait(60).state == "Completed"
    assert engine.plan("tiny", set={"rate": "0.2"}).stage("model").action == "reuse"


def test_a_run_that_was_copied_into_the_workspace_is_found_after_a_listing(
    engine: Engine, completed: Run, tmp_path: Path
):
    assert action(engine) == "reuse"
    shutil.move(completed.path, tmp_path / "kept")
    assert action(engine) == "train"
    shutil.move(tmp_path / "kept", completed.path)
    engine.runs()
    assert action(engine) == "reuse"
