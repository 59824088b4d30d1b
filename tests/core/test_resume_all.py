"""`resume --all`: every run that does not continue by itself, in the order of submission."""

import json
import os
import signal
from pathlib import Path

import pytest
from tests.clients import kill_supervisor, start_and_hold, supervisor_pid
from tests.fixtures import Dressage, WriteScript
from tests.recipes import Tiny
from tests.shelf import Shelf
from tests.waiting import eventually

from dressage import Engine
from dressage.engine.runs import Run
from dressage.results.statuses import RunStatus

LOST = RunStatus(state="Failed", reason="the node was taken away", interrupted=True)


@pytest.fixture
def shelf(engine: Engine, tiny: Tiny) -> Shelf:
    """A platform that accepts runs and starts none, registered as `shelf`."""
    platform = Shelf()
    engine.plugins.add("platform", "shelf", platform)
    return platform


def submit(engine: Engine, rate: str) -> Run:
    run = engine.run("tiny", on="shelf", set={"rate": rate})
    run.detach()
    return run


def test_interrupted_and_queued_runs_are_resumed_in_order(engine: Engine, shelf: Shelf):
    runs = [submit(engine, rate) for rate in "12345"]
    shelf.statuses[runs[1].id] = RunStatus(state="Running")
    shelf.statuses[runs[2].id] = LOST
    shelf.statuses[runs[3].id] = RunStatus(state="Failed", exit_code=1)
    shelf.submitted.clear()
    resumed = [found.run_id for found in engine.resume_all()]
    assert resumed == [runs[0].id, runs[2].id, runs[4].id]
    assert [(one.run_id, one.attempt) for one in shelf.submitted] == [
        (runs[0].id, 1),
        (runs[2].id, 2),
        (runs[4].id, 1),
    ]


def test_a_run_that_its_client_never_submitted_is_submitted(engine: Engine, shelf: Shelf, tiny: Tiny):
    data = tiny.data.read_text()
    with pytest.raises(Exception, match=r"data\.csv"):
        engine.run("tiny", on="shelf", listener=tiny.lose_data)
    tiny.data.write_text(data)
    assert [found.error for found in engine.resume_all()] == [None]
    assert len(shelf.submitted) == 1


def test_a_run_that_cannot_be_resumed_does_not_stop_the_others(engine: Engine, shelf: Shelf):
    first, second = submit(engine, "1"), submit(engine, "2")
    shelf.statuses[first.id] = shelf.statuses[second.id] = LOST
    shelf.refused.add(first.id)
    found = list(engine.resume_all())
    assert [(one.run_id, bool(one.error)) for one in found] == [(first.id, True), (second.id, False)]
    assert "no quota" in (found[0].error or "")


def test_a_run_that_a_client_follows_is_left_alone(engine: Engine, shelf: Shelf, project: Path):
    run = engine.run("tiny", on="shelf")
    assert list(engine.resume_all()) == []
    assert run.is_client


def test_a_resumed_run_continues_in_the_background(engine: Engine, shelf: Shelf):
    run = submit(engine, "1")
    shelf.statuses[run.id] = LOST
    list(engine.resume_all())
    assert engine.run("tiny", on="shelf", set={"rate": "1"}).id != run.id


def test_killed_local_runs_are_completed(engine: Engine, tiny: Tiny, project: Path):
    run, hold = start_and_hold(engine, project)
    run.detach()
    kill_supervisor(run)
    hold.unlink()
    eventually(lambda: engine.get(run.id).status.interrupted)
    assert [found.run_id for found in engine.resume_all()] == [run.id]
    assert engine.get(run.id).wait(60).state == "Completed"


def test_the_command_prints_a_line_for_each_run(dressage: Dressage, script: WriteScript, project: Path):
    hold = project / "hold"
    hold.touch()
    script("import os, sys, time\nwhile os.path.exists(sys.argv[1]): time.sleep(0.02)")
    run_id = dressage("run", "-d", "source/train.py", "--", str(hold)).stdout.strip()
    run = Engine(project).get(run_id)
    eventually(lambda: run.status.state == "Running")
    os.kill(supervisor_pid(run), signal.SIGKILL)
    hold.unlink()
    done = dressage("resume", "--all")
    assert (done.returncode, done.stdout.split()[0]) == (0, run_id)
    assert dressage("runs", "wait", run_id).returncode == 0
    nothing = dressage("resume", "--all", "-o", "json")
    assert (json.loads(nothing.stdout), nothing.stderr.strip()) == ([], "no run must be resumed")


@pytest.mark.parametrize("words", [(), ("--all", "latest")])
def test_a_run_or_all_must_be_given(dressage: Dressage, project: Path, words: tuple[str, ...]):
    done = dressage("resume", *words)
    assert (done.returncode, done.stderr) == (
        2,
        "error: give either a run id, or --all for all runs that were interrupted or are queued\n",
    )


def test_the_exit_code_says_if_a_run_could_not_be_resumed(
    dressage: Dressage, engine: Engine, shelf: Shelf, project: Path
):
    submit(engine, "1")
    done = dressage("resume", "--all")  # the command line does not have this platform
    assert done.returncode == 3
    assert "shelf" in done.stderr
