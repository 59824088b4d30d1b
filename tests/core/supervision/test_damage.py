"""Files of the queue that somebody deletes or damages, and limits of the system: no other run is stopped by them."""

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.clients import keeper_pid, kill_keeper, kill_supervisor, processes_below, start_and_hold
from tests.fixtures import WriteScript
from tests.recipes import Tiny
from tests.waiting import eventually

from dressage import Engine, StageError
from dressage.supervision import keepers
from dressage.supervision.tickets import TicketQueue

DAMAGED = [b"\xff\xfe\x00", b"", b'"abc"', b'["x", 1, "first"]']


def queue_of(engine: Engine) -> Path:
    return engine.workspace.root / "compute" / "small.queue"


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_ticket_stops_its_run_only(engine: Engine, tiny: Tiny, project: Path, content: bytes):
    _, hold = start_and_hold(engine, project, slots="1")
    damaged, other = (engine.run("tiny", set={"rate": rate}) for rate in ("0.2", "0.3"))
    damaged.detach()
    (queue_of(engine) / "waiting" / damaged.id).write_bytes(content)
    assert f"ticket is damaged; continue the run with: dressage resume {damaged.id}" in str(damaged.status)
    hold.unlink()
    assert other.wait(60).state == "Completed"
    assert engine.resume(damaged.id).wait(60).state == "Completed"


def test_a_keeper_whose_socket_was_deleted_listens_again(engine: Engine, tiny: Tiny, project: Path):
    first, hold = start_and_hold(engine, project, slots="1")
    for socket in queue_of(engine).glob("keepers/*.sock"):
        socket.unlink()
    second = engine.run("tiny", set={"rate": "0.2"})
    assert second.status.state == "Queued"
    hold.unlink()
    assert [run.wait(60).state for run in (first, second)] == ["Completed"] * 2


def test_a_stopped_keeper_is_named_and_starts_no_run_whose_submission_failed(
    engine: Engine, tiny: Tiny, project: Path, monkeypatch: pytest.MonkeyPatch
):
    first, hold = start_and_hold(engine, project, slots="1")
    waiting = engine.run("tiny", set={"rate": "0.2"})
    keeper = keeper_pid(engine)
    os.kill(keeper, signal.SIGSTOP)
    advice = f"its keeper is stopped; continue it with: kill -CONT {keeper}"
    eventually(lambda: advice in str(waiting.status))
    monkeypatch.setattr(keepers, "_ANSWER_S", 0.1)
    with pytest.raises(StageError, match=advice):
        engine.run("tiny", set={"rate": "0.3"})
    os.kill(keeper, signal.SIGCONT)
    hold.unlink()
    assert [run.wait(60).state for run in (first, waiting)] == ["Completed"] * 2
    eventually(lambda: not processes_below(project))
    assert engine.runs()[0].status.state == "Failed"


def test_a_waiting_run_whose_launch_file_is_damaged_is_resumed(engine: Engine, tiny: Tiny, project: Path):
    _, hold = start_and_hold(engine, project, slots="1")
    waiting = engine.run("tiny", set={"rate": "0.2"})
    waiting.detach()
    waiting.folder.launch.write_text("{")
    hold.unlink()
    eventually(lambda: "launch.json cannot be read" in str(waiting.status))
    assert engine.resume(waiting.id).wait(60).state == "Completed"


def test_a_damaged_launch_file_does_not_hide_that_a_run_was_interrupted(
    engine: Engine, tiny: Tiny, project: Path
):
    run, hold = start_and_hold(engine, project)
    run.folder.launch.write_text("{")
    kill_keeper(engine)
    kill_supervisor(run)
    eventually(lambda: f"dressage resume {run.id}" in str(run.status))
    hold.unlink()
    assert engine.resume(run.id).wait(60).state == "Completed"


def test_a_damaged_target_is_named(engine: Engine, tiny: Tiny):
    path = engine.workspace.root / "compute" / "small.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    with pytest.raises(StageError, match=r"small.json' is damaged; delete it, then run the command again"):
        engine.run("tiny")


def test_a_run_whose_target_was_deleted_says_so(engine: Engine, tiny: Tiny, project: Path):
    _, hold = start_and_hold(engine, project, slots="1")
    waiting = engine.run("tiny", set={"rate": "0.2"})
    engine.platform().compute.delete("small")
    assert "target 'small' was deleted" in (waiting.status.reason or "")
    hold.unlink()
    assert waiting.wait(60).state == "Completed"


def test_a_run_whose_fifo_was_deleted_is_canceled(engine: Engine, tiny: Tiny, project: Path):
    run, _ = start_and_hold(engine, project)
    run.folder.control.unlink()
    run.cancel()
    assert run.wait(60).state == "Canceled"


LIMITED_CLIENT = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
from dressage import Engine
Engine().run("script", set={"path": sys.argv[1], "arguments": sys.argv[2]}).detach()
"""
HOLD = "import os, sys, time\nwhile os.path.exists(sys.argv[1]): time.sleep(0.02)\n"


def test_more_clients_wait_than_the_keeper_may_have_open_files(
    engine: Engine, script: WriteScript, project: Path
):
    path, hold = str(script(HOLD)), project / "hold"
    hold.touch()
    subprocess.run([sys.executable, "-c", LIMITED_CLIENT, path, str(hold)], cwd=project, check=True)
    (first,) = (engine.get(summary.run_id) for summary in engine.runs())
    eventually(lambda: first.status.state == "Running")
    waiting = engine.run("script", set={"path": path, "arguments": str(project / "none")})
    queue = TicketQueue(engine.workspace.root / "compute" / "default.queue")
    watching = [keepers.watch(queue, keepers.keeper_key(), waiting.id) for _ in range(80)]
    last = engine.run("script", set={"path": path, "arguments": str(project / "gone")})
    hold.unlink()
    assert [run.wait(60).state for run in (first, waiting, last)] == ["Completed"] * 3
    for connection in filter(None, watching):
        connection.close()


@pytest.fixture
def many_files() -> Iterator[None]:
    """More open files than `select` accepts."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= before[1] < 2048:
        pytest.skip("this system does not allow so many open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, before[1]))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    yield
    for file in files:
        os.close(file)
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("many_files")
def test_a_program_with_many_open_files_waits_for_its_runs(engine: Engine, tiny: Tiny, project: Path):
    _, hold = start_and_hold(engine, project, slots="1")
    second = engine.run("tiny", set={"rate": "0.2"})
    assert second.status.state == "Queued"
    hold.unlink()
    assert second.wait(60).state == "Completed"


def test_a_keeper_is_reached_if_all_paths_are_long(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    monkeypatch.setenv("TMPDIR", str(long))
    engine = Engine(long)
    engine.plugins.add("recipe", "tiny", tiny)
    assert engine.run("tiny").wait(60).state == "Completed"
