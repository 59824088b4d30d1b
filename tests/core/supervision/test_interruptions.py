"""Runs that are interrupted from outside: the same command continues them, and `retries` does so by itself."""

import os
import signal
import time
from pathlib import Path

import pytest
from tests.clients import kill_keeper, kill_supervisor, start_and_hold, supervisor_pid
from tests.fixtures import Dressage, WriteScript
from tests.recipes import Tiny
from tests.waiting import eventually

from dressage import Engine, StageError
from dressage.engine.runs import Run
from dressage.files.locks import is_locked
from dressage.results.entries import ScriptStarted

DIES_ONCE = """
import os, pathlib, signal
step = pathlib.Path("outputs/checkpoints/step")
if "DRESSAGE_RESUME_FROM" in os.environ:
    print("continued from", pathlib.Path(os.environ["DRESSAGE_RESUME_FROM"], "step").read_text(), flush=True)
else:
    step.parent.mkdir(parents=True)
    step.write_text("7")
    os.kill(os.getpid(), signal.SIGKILL)
"""
DIES = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


def script_group(run: Run) -> int:
    """Return the process group of the run's script."""
    events = [event for event in run.folder.journal.events() if isinstance(event, ScriptStarted)]
    return events[-1].group


def is_running(process: int) -> bool:
    """Return whether the process exists. One that has ended and that nobody has waited for has no command line."""
    command = Path(f"/proc/{process}/cmdline")
    return command.exists() and command.read_bytes() != b""


def test_the_same_command_continues_a_run_whose_script_was_killed(
    engine: Engine, script: WriteScript, project: Path
):
    settings = {"path": str(script(DIES_ONCE))}
    first = engine.run("script", set=settings)
    status = first.wait(60)
    assert (status.state, status.exit_code, status.interrupted) == ("Failed", 137, True)
    assert f"dressage resume {first.id}" in (status.reason or "")
    again = engine.run("script", set=settings)
    assert again.id == first.id
    assert again.wait(60).state == "Completed"
    assert b"".join(again.logs()) == b"continued from 7\n"


def test_a_shell_that_reports_a_killed_program_counts_as_interrupted(engine: Engine, script: WriteScript):
    run = engine.run("script", set={"path": str(script("import sys; sys.exit(137)"))})
    assert run.wait(60).interrupted


def test_a_script_that_fails_by_itself_is_not_interrupted(engine: Engine, script: WriteScript):
    run = engine.run("script", set={"path": str(script("import sys; sys.exit(1)"))})
    assert not run.wait(60).interrupted


def test_retries_continue_a_killed_script_by_themselves(engine: Engine, script: WriteScript):
    run = engine.run("script", set={"path": str(script(DIES_ONCE))}, retries=2)
    assert run.wait(60).state == "Completed"
    assert b"".join(run.logs()) == b"continued from 7\n"
    assert run.folder.refresh().attempt == 2


def test_retries_end_after_the_given_number(engine: Engine, script: WriteScript):
    run = engine.run("script", set={"path": str(script(DIES))}, retries=2)
    status = run.wait(60)
    assert (status.state, status.interrupted) == ("Failed", True)
    assert run.folder.refresh().attempt == 3


def test_retries_do_not_repeat_a_script_that_fails_by_itself(engine: Engine, script: WriteScript):
    run = engine.run("script", set={"path": str(script("import sys; sys.exit(1)"))}, retries=2)
    assert run.wait(60).state == "Failed"
    assert run.folder.refresh().attempt == 1


def test_retries_continue_a_run_whose_supervisor_was_killed(engine: Engine, tiny: Tiny, project: Path):
    run, hold = start_and_hold(engine, project, retries=1)
    left = script_group(run)
    kill_supervisor(run)
    hold.unlink()
    assert run.wait(60).state == "Completed"
    assert run.folder.refresh().attempt == 2
    assert not is_running(left)


def test_retries_continue_a_run_whose_supervisor_and_keeper_were_killed(
    engine: Engine, tiny: Tiny, project: Path
):
    run, hold = start_and_hold(engine, project, retries=1)
    kill_keeper(engine)
    kill_supervisor(run)
    hold.unlink()
    assert run.wait(60).state == "Completed"
    assert run.folder.refresh().attempt == 2


def test_a_detached_run_stays_detached_after_a_retry(engine: Engine, script: WriteScript):
    settings = {"path": str(script(DIES_ONCE))}
    run = engine.run("script", set=settings, retries=1)
    run.detach()
    assert run.wait(60).state == "Completed"
    assert run.folder.refresh().detached


def test_a_time_limit_cancels_a_run_and_says_why(engine: Engine, script: WriteScript):
    path = str(script("import time\nwhile True: time.sleep(0.02)"))
    status = engine.run("script", set={"path": path}, time_limit_s=0.3).wait(60)
    assert (status.state, status.reason) == (
        "Canceled",
        "canceled: the script reached its time limit of 0.3 s",
    )


def test_cancel_ends_a_script_without_a_supervisor(engine: Engine, tiny: Tiny, project: Path):
    run, _ = start_and_hold(engine, project)
    kill_supervisor(run)
    run.cancel()
    eventually(lambda: not is_locked(run.folder.lock("script")))
    assert run.status.state == "Canceled"


def test_cancel_ends_the_script_of_a_run_that_is_recorded_as_failed(
    engine: Engine, tiny: Tiny, project: Path, dressage: Dressage
):
    run, _ = start_and_hold(engine, project)
    kill_supervisor(run)
    assert run.wait(60).state == "Failed"
    assert f"dressage runs cancel {run.id}" in dressage("runs", "list").stderr
    assert f"dressage runs cancel {run.id}" in dressage("runs", "show", run.id).stdout
    canceled = dressage("runs", "cancel", run.id)
    assert not is_locked(run.folder.lock("script"))
    assert "its script was still running and was ended" in canceled.stderr
    assert "dressage runs cancel" not in dressage("runs", "list").stderr
    shown = dressage("runs", "show", run.id).stdout
    assert "its supervisor was killed while its script was running" in shown
    assert "dressage runs cancel" not in shown


def test_doctor_shows_a_script_without_a_supervisor(
    engine: Engine, tiny: Tiny, project: Path, dressage: Dressage
):
    run, _ = start_and_hold(engine, project)
    kill_supervisor(run)
    found = dressage("doctor")
    assert found.returncode == 1
    assert f"dressage runs cancel {run.id}" in " ".join(found.stdout.split())
    run.cancel()


def test_a_stopped_supervisor_is_named_by_all_commands(
    engine: Engine, tiny: Tiny, project: Path, dressage: Dressage
):
    run, hold = start_and_hold(engine, project)
    process = supervisor_pid(run)
    os.kill(process, signal.SIGSTOP)
    try:
        canceled = dressage("runs", "cancel", run.id, "--timeout", "1")
        assert canceled.returncode == 124
        assert f"kill -CONT {process}" in canceled.stderr
        assert f"kill -CONT {process}" in dressage("runs", "show", run.id).stdout
    finally:
        os.kill(process, signal.SIGCONT)
    assert run.wait(60).state == "Canceled"
    hold.unlink()


def test_resume_refuses_while_the_supervisor_of_an_earlier_attempt_is_stopped(
    engine: Engine, script: WriteScript, project: Path
):
    """The supervisor has recorded the end and is stopped before it exits: a model of many files gives the time."""
    run = engine.run("script", set={"path": str(script("print('up')"))})
    run.wait(60)
    eventually(lambda: not is_locked(run.folder.lock("supervisor")))
    run.folder.journal.append("run.resumed", attempt=2)
    run.folder.enter(2, "Failed", interrupted=True)
    holder = os.fork()
    if not holder:
        _hold_and_stop(run)
    os.waitpid(holder, os.WUNTRACED)
    try:
        with pytest.raises(StageError, match=f"is stopped; continue it with: kill -CONT {holder}"):
            engine.resume(run.id)
    finally:
        os.kill(holder, signal.SIGKILL)
        os.waitpid(holder, 0)


def _hold_and_stop(run: Run) -> None:
    """Hold the run's lock as a supervisor does, and stop."""
    from dressage.files.locks import FileLock
    from dressage.supervision.identities import Identity

    lock = FileLock(run.folder.lock("supervisor"))
    lock.acquire()
    os.ftruncate(lock.descriptor, 0)
    os.write(lock.descriptor, str(Identity.of(os.getpid())).encode())
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(60)
    os._exit(0)
