"""The queue of a compute target: its order, its slots, and the death of the processes that serve it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.clients import keeper_pid, kill_keeper, kill_supervisor, processes_below
from tests.fixtures import Dressage, WriteScript
from tests.recipes import Settings, Tiny
from tests.waiting import eventually

from dressage import ComputeTarget, Engine, Environment, hookimpl
from dressage.engine.runs import Run
from dressage.files.locks import is_locked

LOG_ORDER = "import pathlib, sys\nwith open(sys.argv[1], 'a') as log: print(sys.argv[2], file=log)\n"
HOLD = "import os, sys, time\nwhile os.path.exists(sys.argv[1]): time.sleep(0.02)\n"


@pytest.fixture
def busy(engine: Engine, script: WriteScript, project: Path) -> Path:
    """A file; while it exists, a run has the only slot of the default target."""
    hold = project / "hold"
    hold.touch()
    run = engine.run("script", set={"path": str(script(HOLD, "hold.py")), "arguments": str(hold)})
    run.detach()
    eventually(lambda: run.status.state == "Running")
    return hold


def submit(engine: Engine, script: WriteScript, log: Path, name: str, priority: int = 0) -> Run:
    """Submit a run that adds its name to the log."""
    path = str(script(LOG_ORDER, "log.py"))
    run = engine.run("script", set={"path": path, "arguments": f"{log} {name}"}, priority=priority)
    run.detach()
    return run


def wait_until_drained(engine: Engine) -> None:
    eventually(lambda: all(summary.status.has_ended for summary in engine.runs()), 60)


def test_runs_start_in_the_order_of_submission(
    engine: Engine, script: WriteScript, busy: Path, tmp_path: Path
):
    runs = [submit(engine, script, tmp_path / "log", str(number)) for number in range(8)]
    busy.unlink()
    assert {run.wait(60).state for run in runs} == {"Completed"}
    assert (tmp_path / "log").read_text().split() == [str(number) for number in range(8)]


def test_a_higher_priority_starts_first(engine: Engine, script: WriteScript, busy: Path, tmp_path: Path):
    priorities = {"low": -1, "first": 0, "second": 0, "urgent": 5}
    runs = [submit(engine, script, tmp_path / "log", name, value) for name, value in priorities.items()]
    busy.unlink()
    assert {run.wait(60).state for run in runs} == {"Completed"}
    assert (tmp_path / "log").read_text().split() == ["urgent", "first", "second", "low"]


def test_a_waiting_run_has_its_place(engine: Engine, script: WriteScript, busy: Path, tmp_path: Path):
    runs = [submit(engine, script, tmp_path / "log", name) for name in "abc"]
    urgent = submit(engine, script, tmp_path / "log", "d", priority=1)
    assert [run.status.place for run in (*runs, urgent)] == [2, 3, 4, 1]
    runs[0].cancel()
    assert [run.status.place for run in runs] == [None, 2, 3]
    busy.unlink()


def test_waiting_runs_have_no_processes(
    engine: Engine, script: WriteScript, busy: Path, tmp_path: Path, project: Path
):
    eventually(lambda: len(processes_below(project)) == 3)  # the keeper, a supervisor, a script
    for number in range(10):
        submit(engine, script, tmp_path / "log", str(number))
    assert len(processes_below(project)) == 3
    busy.unlink()
    wait_until_drained(engine)


def test_no_process_is_left_when_the_queue_is_empty(engine: Engine, script: WriteScript, project: Path):
    run = engine.run("script", set={"path": str(script("print('up')"))})
    run.wait(60)
    eventually(lambda: not processes_below(project), 20)


def test_a_killed_keeper_is_replaced_when_a_run_ends(
    engine: Engine, script: WriteScript, busy: Path, tmp_path: Path
):
    runs = [submit(engine, script, tmp_path / "log", str(number)) for number in range(3)]
    kill_keeper(engine)
    busy.unlink()  # no command looks at the queue
    eventually(lambda: (tmp_path / "log").exists() and len((tmp_path / "log").read_text().split()) == 3, 30)
    assert (tmp_path / "log").read_text().split() == ["0", "1", "2"]
    assert {run.wait(60).state for run in runs} == {"Completed"}


def test_a_queue_without_any_process_goes_on_at_the_next_command(
    engine: Engine, script: WriteScript, busy: Path, tmp_path: Path, project: Path, dressage: Dressage
):
    for number in range(3):
        submit(engine, script, tmp_path / "log", str(number))
    for process in processes_below(project):
        os.kill(process, signal.SIGKILL)
    busy.unlink()
    dressage("runs", "list")
    eventually(lambda: (tmp_path / "log").exists() and len((tmp_path / "log").read_text().split()) == 3, 30)
    assert (tmp_path / "log").read_text().split() == ["0", "1", "2"]


def test_a_run_that_waits_keeps_the_variables_of_its_shell(
    engine: Engine, script: WriteScript, busy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = str(script("import os; print(os.environ['COLOUR'])", "colour.py"))
    runs = []
    for colour in ("red", "green"):
        monkeypatch.setenv("COLOUR", colour)
        runs.append(engine.run("script", set={"path": path}, again=True))
    monkeypatch.delenv("COLOUR")
    busy.unlink()
    assert [run.wait(60).state for run in runs] == ["Completed", "Completed"]
    assert [b"".join(run.logs()) for run in runs] == [b"red\n", b"green\n"]


def test_a_waiting_run_whose_variables_were_lost_says_so(
    engine: Engine, script: WriteScript, busy: Path, project: Path, dressage: Dressage
):
    run = engine.run("script", set={"path": str(script("print('up')", "up.py"))})
    for process in processes_below(project):
        os.kill(process, signal.SIGKILL)
    busy.unlink()
    assert run.wait(60).state == "Completed"
    assert "variables of another shell" in dressage("runs", "show", run.id).stdout


class NeedsToken(Tiny):
    """The small recipe, on the default target, with a secret."""

    @hookimpl
    def compute(self, settings: Settings) -> ComputeTarget:
        return ComputeTarget(name="default", slots=1)

    @hookimpl
    def environment(self) -> Environment:
        return Environment(name="secret", secrets=("HF_TOKEN",))


def test_a_shell_without_the_secret_does_not_start_a_run_that_needs_it(
    engine: Engine, busy: Path, project: Path, monkeypatch: pytest.MonkeyPatch, dressage: Dressage
):
    engine.plugins.add("recipe", "secret", NeedsToken(project))
    monkeypatch.setenv("HF_TOKEN", "xyz")
    run = engine.run("secret")
    run.detach()
    kill_keeper(engine)
    monkeypatch.delenv("HF_TOKEN")
    engine.resume(run.id).detach()
    busy.unlink()
    eventually(
        lambda: (
            f"needs HF_TOKEN: resume it from a shell that has it: dressage resume {run.id}" in str(run.status)
        )
    )
    assert f"run {run.id} does not start: needs HF_TOKEN" in dressage("runs", "list").stderr
    assert f"{run.id}  Queued (1): needs HF_TOKEN" in dressage("resume", "--all").stdout
    monkeypatch.setenv("HF_TOKEN", "xyz")
    assert engine.resume(run.id).wait(60).state == "Completed"


def test_the_keeper_survives_the_end_of_the_client_that_started_it(
    engine: Engine, script: WriteScript, busy: Path, tmp_path: Path, project: Path
):
    code = (
        "from dressage import Engine\n"
        f"Engine().run('script', set={{'path': 'source/log.py', 'arguments': '{tmp_path / 'log'} child'}}).detach()"
    )
    script(LOG_ORDER, "log.py")
    keeper = keeper_pid(engine)
    subprocess.run([sys.executable, "-c", code], cwd=project, check=True)
    assert keeper_pid(engine) == keeper
    busy.unlink()
    eventually((tmp_path / "log").exists, 30)


def test_a_target_shares_its_slots_between_all_requests(engine: Engine, tiny: Tiny, project: Path):
    (project / "hold").touch()
    settings = {"hold": str(project / "hold")}
    first = engine.run("tiny", set={"slots": 1, **settings})
    eventually(lambda: first.status.state == "Running")
    second = engine.run("tiny", set={"slots": 5, **settings})
    assert second.status.state == "Queued"
    (project / "hold").unlink()
    assert [run.wait(60).state for run in (first, second)] == ["Completed"] * 2


def test_a_waiting_client_notices_that_its_run_has_started_after_its_keeper_was_killed(
    engine: Engine, script: WriteScript, busy: Path, tmp_path: Path
):
    run = submit(engine, script, tmp_path / "log", "a")
    assert not run.wait(0.3).has_ended  # it is connected to the keeper now
    kill_keeper(engine)
    busy.unlink()
    assert run.wait(60).state == "Completed"


def test_a_supervisor_killed_before_its_script_starts_is_started_again(
    engine: Engine, script: WriteScript, project: Path, tmp_path: Path
):
    """The copy of a large source directory gives the time to kill it."""
    for number in range(3000):
        script("pass", f"module_{number}.py")
    run = submit(engine, script, tmp_path / "log", "a")
    deadline = time.monotonic() + 60
    while not run.folder.refresh().processes:  # without pauses: the script must not start before the kill
        assert time.monotonic() < deadline
    kill_supervisor(run)
    assert run.wait(60).state == "Completed"
    assert (tmp_path / "log").read_text().split() == ["a"]
    assert not is_locked(run.folder.lock("script"))
