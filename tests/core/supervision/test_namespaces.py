"""Two containers share a workspace: each has its own namespace of process ids."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fixtures import WriteScript
from tests.waiting import eventually

from dressage import Engine
from dressage.engine.runs import Run
from dressage.files.locks import is_locked

_AS_ROOT = ["--map-root-user"] if os.getuid() else []
_UNSHARE = ["unshare", *_AS_ROOT, "--pid", "--fork", "--kill-child", "--mount-proc"]
HOLD = "import os, sys, time\nprint('up', flush=True)\nwhile os.path.exists(sys.argv[1]): time.sleep(0.02)\n"
CLIENT = """
import sys
from dressage import Engine
engine = Engine()
for line in sys.stdin:
    print(eval(line), flush=True)
"""


class Container:
    """A Python process in a separate namespace. It evaluates expressions with an `engine`."""

    def __init__(self, project: Path) -> None:
        command = [*_UNSHARE, sys.executable, "-c", CLIENT]
        self.process = subprocess.Popen(
            command, cwd=project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def evaluate(self, expression: str) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{expression}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(60)


@pytest.fixture
def container(project: Path) -> Iterator[Container]:
    if not shutil.which("unshare") or subprocess.run([*_UNSHARE, "true"], capture_output=True).returncode:
        pytest.skip("this system does not allow a namespace of process ids")
    container = Container(project)
    yield container
    container.close()


def start(script: str, hold: Path) -> str:
    """Return the expression that starts a run which lasts while `hold` exists, and detaches."""
    settings = {"path": script, "arguments": str(hold)}
    return f"(run := engine.run('script', set={settings!r}, again=True), run.detach())[0].id"


def fill_slots(engine: Engine, script: str, project: Path, container: Container) -> list[Run]:
    """Start three runs on a target with two slots, and one behind them in the container.

    Each lasts while a file exists in the project: a, b, c and d.
    """
    for name in "abcd":
        (project / name).touch()
    runs = [
        engine.run("script", set={"path": script, "arguments": str(project / name), "slots": "2"})
        for name in "abc"
    ]
    eventually(lambda: runs[1].status.state == "Running")
    return [*runs, engine.get(container.evaluate(start(script, project / "d")))]


def test_a_run_of_another_container_is_canceled_without_its_process_id(
    engine: Engine, script: WriteScript, project: Path, container: Container
):
    (project / "hold").touch()
    run = engine.get(container.evaluate(start(str(script(HOLD)), project / "hold")))
    eventually(lambda: run.status.state == "Running")
    assert run.folder.refresh().processes[1] < 100  # the number of an innocent process here
    run.cancel()
    assert run.wait(60).state == "Canceled"


def test_two_containers_share_the_slots_and_the_order_of_a_target(
    engine: Engine, script: WriteScript, project: Path, container: Container
):
    path = str(script(HOLD))
    for name in "abc":
        (project / name).touch()
    first = engine.get(container.evaluate(start(path, project / "a")))
    eventually(lambda: first.status.state == "Running")
    second = engine.run("script", set={"path": path, "arguments": str(project / "b")})
    third = engine.get(container.evaluate(start(path, project / "c")))
    assert [run.status.place for run in (second, third)] == [1, 2]
    (project / "a").unlink()  # in the container, a run ends; here, its keeper notices
    eventually(lambda: second.status.state == "Running")
    assert third.status.state == "Queued"
    (project / "b").unlink()
    eventually(lambda: third.status.state == "Running")
    (project / "c").unlink()
    assert [run.wait(60).state for run in (first, second, third)] == ["Completed"] * 3


def test_no_slot_stays_empty_when_the_last_run_of_another_container_has_started(
    engine: Engine, script: WriteScript, project: Path, container: Container
):
    first, second, third, last = fill_slots(engine, str(script(HOLD)), project, container)
    (project / "a").unlink()
    eventually(lambda: third.status.state == "Running")
    (project / "b").unlink()
    eventually(lambda: last.status.state == "Running")
    for name in "cd":
        (project / name).unlink()
    assert [run.wait(60).state for run in (first, second, third, last)] == ["Completed"] * 4


def test_a_canceled_run_does_not_hold_up_another_container(
    engine: Engine, script: WriteScript, project: Path, container: Container
):
    first, second, third, last = fill_slots(engine, str(script(HOLD)), project, container)
    for name in "cd":
        (project / name).unlink()
    third.cancel()
    (project / "a").unlink()
    assert last.wait(60).state == "Completed"
    (project / "b").unlink()
    assert [run.wait(60).state for run in (first, second)] == ["Completed"] * 2


def test_a_queue_goes_on_when_a_container_with_waiting_runs_is_gone(
    engine: Engine, script: WriteScript, project: Path, container: Container
):
    path = str(script(HOLD))
    (project / "a").touch()
    first = engine.run("script", set={"path": path, "arguments": str(project / "a")})
    eventually(lambda: first.status.state == "Running")
    lost = engine.get(container.evaluate(start(path, project / "none")))
    last = engine.run("script", set={"path": path, "arguments": str(project / "gone")})
    container.process.kill()  # unshare ends every process of the container with it
    container.process.wait()
    (project / "a").unlink()
    assert [run.wait(60).state for run in (first, last)] == ["Completed"] * 2
    assert f"dressage resume {lost.id}" in (lost.status.reason or "")
    assert engine.resume(lost.id).wait(60).state == "Completed"


def test_resume_does_not_kill_a_script_that_runs_in_another_container(
    engine: Engine, script: WriteScript, project: Path, container: Container
):
    (project / "hold").touch()
    run = engine.get(container.evaluate(start(str(script(HOLD)), project / "hold")))
    eventually(lambda: run.status.state == "Running")
    supervisor = run.folder.refresh().processes[1]
    container.evaluate(f"__import__('os').kill({supervisor}, 9)")
    eventually(lambda: run.status.interrupted)
    with pytest.raises(Exception, match="in another container or on another machine; end it there"):
        engine.resume(run.id)
    assert is_locked(run.folder.lock("script"))
    container.evaluate(f"engine.get({run.id!r}).cancel()")
    eventually(lambda: not is_locked(run.folder.lock("script")))
    (project / "hold").unlink()
