"""Clients and supervisors that are killed, anywhere: nothing is lost, and nothing is doubled."""

import signal
from pathlib import Path

import pytest
from tests.clients import (
    DYING,
    count_results,
    kill_at,
    kill_before,
    kill_supervisor,
    start_and_hold,
    start_client,
)
from tests.recipes import Tiny
from tests.waiting import eventually

from dressage import Engine, NotFoundError
from dressage.files.locks import is_locked


@pytest.mark.parametrize(
    "event",
    [
        "RunCreated",
        "StageStarteddataset",
        "StageFinisheddataset",
        "StageFinishedcompute",
        "StageStartedenvironment",
        "StageFinishedenvironment",
        "RunSubmitted",
        "StateChanged",
        "RunEnded",
    ],
)
def test_a_client_killed_anywhere_leaves_nothing_doubled(
    engine: Engine, tiny: Tiny, project: Path, event: str
):
    kill_at(project, event)
    run = engine.run("tiny")
    assert run.wait(120).state == "Completed"
    assert count_results(engine) == (1, 1, 1)


BEFORE_THE_MARKER = """
import os, signal
from dressage.records.open_runs import OpenRuns
OpenRuns.add = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("first", [BEFORE_THE_MARKER, DYING.format(event="run.created")])
def test_a_client_killed_before_its_run_can_be_found_again_leaves_none(
    engine: Engine, tiny: Tiny, project: Path, first: str
):
    killed = start_client(project, "", first=first)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert engine.run("tiny").wait(120).state == "Completed"
    assert count_results(engine) == (1, 1, 1)


def test_a_run_that_was_never_started_is_reported_and_not_listed(engine: Engine, tiny: Tiny, project: Path):
    kill_before(project, "run.created")
    (folder,) = engine.workspace.runs.iterdir()
    (folder / "journal.jsonl").write_text('{"event":"run.cre')  # as far as it may have come
    assert engine.runs() == []
    with pytest.raises(
        NotFoundError, match="was never started: its client crashed first; run the command again"
    ):
        engine.get(folder.name)


def test_a_run_whose_client_died_handing_it_over_runs_and_can_be_canceled(
    engine: Engine, tiny: Tiny, project: Path
):
    hold = project / "hold"
    hold.touch()
    kill_before(project, "run.submitted", f"hold={hold}")
    (summary,) = engine.runs()
    run = engine.get(summary.run_id)
    eventually(lambda: run.status.state == "Running")
    run.cancel()
    assert run.wait(60).state == "Canceled"


def test_a_run_that_completed_after_its_client_died_handing_it_over_stays_so(
    engine: Engine, tiny: Tiny, project: Path
):
    kill_before(project, "run.submitted")
    (summary,) = engine.runs()
    eventually(lambda: engine.get(summary.run_id).status.state == "Completed")
    assert engine.resume(summary.run_id).wait(60).state == "Completed"
    assert b"".join(engine.get(summary.run_id).logs()).count(b"step 0") == 1


def test_a_killed_client_does_not_stop_the_run(engine: Engine, tiny: Tiny, project: Path):
    kill_at(project, "RunSubmitted")
    (summary,) = engine.runs()
    run = engine.get(summary.run_id)
    assert run.wait(120).state == "Completed"
    assert run.model
    assert b"".join(run.logs()) == b"step 0\nstep 1\nstep 2\nstep 3\n"


def test_a_run_whose_client_died_before_submitting_it_is_reported_with_the_next_step(
    engine: Engine, tiny: Tiny, project: Path
):
    kill_at(project, "StageStartedenvironment")
    (summary,) = engine.runs()
    status = engine.get(summary.run_id).wait(60)
    assert (status.state, status.interrupted) == ("Failed", True)
    assert f"dressage resume {summary.run_id}" in (status.reason or "")


def test_a_killed_supervisor_is_reported_and_resume_continues_from_the_checkpoint(
    engine: Engine, tiny: Tiny, project: Path
):
    run, hold = start_and_hold(engine, project)
    kill_supervisor(run)
    status = run.wait(60)
    assert (status.state, status.interrupted) == ("Failed", True)
    assert f"dressage resume {run.id}" in (status.reason or "")
    hold.unlink()
    run.release()
    resumed = engine.resume(run.id)
    assert resumed.wait(120).state == "Completed"
    assert b"".join(resumed.logs()) == b"step 0\nstep 1\nstep 2\nstep 3\n"
    assert count_results(engine) == (1, 1, 1)


def test_the_same_request_continues_a_run_whose_supervisor_was_killed(
    engine: Engine, tiny: Tiny, project: Path
):
    run, hold = start_and_hold(engine, project)
    run.detach()
    kill_supervisor(run)
    hold.unlink()
    again = engine.run("tiny", set={"hold": str(hold)})
    assert again.id == run.id
    assert again.wait(120).state == "Completed"
    assert count_results(engine) == (1, 1, 1)


def test_a_script_left_behind_by_a_killed_supervisor_does_not_write_beside_the_next(
    engine: Engine, tiny: Tiny, project: Path
):
    run, _ = start_and_hold(engine, project)
    kill_supervisor(run)
    run.wait(60)
    assert is_locked(run.path / "script.lock")  # it still waits at step 1
    run.release()
    assert engine.resume(run.id).wait(120).state == "Completed"
    assert not is_locked(run.path / "script.lock")


def test_a_script_left_behind_keeps_its_slot_until_it_is_canceled(engine: Engine, tiny: Tiny, project: Path):
    first, hold = start_and_hold(engine, project, slots=1)
    waiting = engine.run("tiny", set={"slots": 1, "rate": "2"})
    eventually(lambda: waiting.status.state == "Queued")
    kill_supervisor(first)
    eventually(lambda: f"dressage runs cancel {first.id}" in (waiting.status.reason or ""))
    first.cancel()
    assert waiting.wait(120).state == "Completed"
    assert first.status.state == "Canceled"
    hold.unlink()
