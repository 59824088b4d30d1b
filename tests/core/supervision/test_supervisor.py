"""A supervisor in trouble: no script runs on unseen, and resume starts one script, not two."""

import resource
from pathlib import Path

import pytest
from tests.clients import keeper_pid, kill_supervisor, start_and_hold
from tests.fixtures import WriteScript
from tests.recipes import Tiny
from tests.waiting import eventually

from dressage import Engine
from dressage.files.locks import is_locked


def test_a_disk_that_is_full_once_the_script_has_started_leaves_none_running(
    engine: Engine, tiny: Tiny, project: Path
):
    """A limit on the size of files stands in for a disk without room. Supervisors inherit it from the keeper."""
    first, hold = start_and_hold(engine, project, slots=1)
    (project / "other").touch()
    second = engine.run("tiny", set={"slots": 1, "hold": str(project / "other")})
    eventually(lambda: second.status.state == "Queued")
    size = (second.path / "journal.jsonl").stat().st_size
    limit = size + 100  # room for the supervisor's first event, but not for the script's start
    resource.prlimit(keeper_pid(engine), resource.RLIMIT_FSIZE, (limit, limit))
    hold.unlink()
    status = second.wait(60)
    assert (status.state, status.interrupted) == ("Failed", True)
    eventually(lambda: not is_locked(second.path / "script.lock"), 10)
    assert first.wait(60).state == "Completed"


def test_a_script_whose_supervisor_died_before_it_could_note_it_is_ended_by_resume(
    engine: Engine, tiny: Tiny, project: Path
):
    run, _ = start_and_hold(engine, project)
    kill_supervisor(run)
    run.wait(60)
    run.release()
    journal = run.path / "journal.jsonl"
    noted = [line for line in journal.read_text().splitlines(keepends=True) if '"script.started"' not in line]
    journal.write_text("".join(noted))
    resumed = Engine(project).resume(run.id)
    assert resumed.wait(20).state == "Completed"
    assert not is_locked(run.path / "script.lock")


DAEMON = """
import os, pathlib, sys, time
hold, again, ready = pathlib.Path(sys.argv[1]), pathlib.Path("again"), pathlib.Path("ready")
if again.exists():
    sys.exit(0)
again.touch()
if os.fork() == 0:
    os.setsid()
    ready.touch()
    while hold.exists():
        time.sleep(0.02)
    os._exit(0)
while not ready.exists():
    time.sleep(0.02)
sys.exit(3)
"""


def test_a_daemon_that_a_script_left_behind_does_not_stop_resume(
    engine: Engine, script: WriteScript, project: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("dressage.supervision.processes._LEFTOVER_S", 0.1)
    hold = project / "hold"
    hold.touch()
    run = engine.run("script", set={"path": str(script(DAEMON)), "arguments": str(hold)})
    assert run.wait(60).exit_code == 3
    assert is_locked(run.path / "script.lock")  # it inherited what says that the script lives
    assert engine.resume(run.id).wait(60).state == "Completed"
    hold.unlink()
