"""Runs through the engine: the same request, again, at once, killed, resumed."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from tests.recipes import Tiny
from tests.waiting import eventually

from dressage import Engine, NotFoundError, SettingsError, StageError
from dressage.events import RunEnded, RunFound, StageFinished
from dressage.locks import is_locked
from dressage.records import journal_of
from dressage.runs import Run

CLIENT = """
import sys
from pathlib import Path
from dressage import Engine
from tests.recipes import Tiny
def existing(self, folder):
    self.source, self.data, self.conda = folder / "tiny", folder / "data.csv", None
Tiny.__init__ = existing
engine = Engine(Path(sys.argv[1]))
engine.plugins.add("recipe", "tiny", Tiny(Path(sys.argv[1])))
def told(event):
    print(type(event).__name__, getattr(event, "stage", ""), flush=True)
    if type(event).__name__ + getattr(event, "stage", "") == sys.argv[2]:
        sys.stdin.read()
run = engine.run("tiny", set=dict(word.split("=") for word in sys.argv[3:]), listener=told)
print(run.id, flush=True)
run.follow(told)
"""


def client(project: Path, stop_at: str, *settings: str) -> subprocess.Popen[str]:
    """A client in a process of its own that stops at an event, to be killed there."""
    return subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(project), stop_at, *settings],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def kill_at(project: Path, event: str, *settings: str) -> None:
    process = client(project, event, *settings)
    assert process.stdout
    for line in process.stdout:
        if "".join(line.split()) == event:
            break
    process.kill()
    process.wait()
    process.stdout.close()


def counted(engine: Engine) -> tuple[int, int, int]:
    """How many runs, dataset versions and model versions there are."""
    platform = engine.platform()
    return len(engine.runs()), len(platform.datasets.list()), len(platform.models.list())


def test_a_run_trains_and_registers_a_model_with_its_lineage(engine: Engine, tiny: Tiny):
    run = engine.run("tiny")
    assert run.wait(120).state == "Completed"
    assert run.model
    assert (run.model.name, run.model.version) == ("tiny", 1)
    lineage = run.model.lineage
    assert lineage
    assert (lineage.run_id, lineage.dataset) == (run.id, "numbers:1")


def test_the_same_request_again_answers_with_the_run_that_did_it(engine: Engine, tiny: Tiny):
    first = engine.run("tiny")
    first.wait(120)
    events: list[object] = []
    second = engine.run("tiny", listener=events.append)
    assert second.id == first.id
    assert RunFound(first.id, "reused") in events
    assert counted(engine) == (1, 1, 1)


def test_again_trains_anew_and_the_same_bytes_make_no_new_version(engine: Engine, tiny: Tiny):
    first = engine.run("tiny")
    first.wait(120)
    second = engine.run("tiny", again=True)
    assert second.wait(120).state == "Completed"
    assert second.id != first.id
    assert counted(engine) == (2, 1, 1)
    assert sum(kept.is_dir() for kept in (engine.workspace.root / "snapshots").iterdir()) == 1


def test_another_model_is_another_version(engine: Engine, tiny: Tiny):
    engine.run("tiny").wait(120)
    run = engine.run("tiny", set={"rate": "0.2"})
    run.wait(120)
    assert run.model
    assert run.model.version == 2


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
    assert counted(engine) == (1, 1, 1)


def test_a_killed_client_does_not_stop_the_run(engine: Engine, tiny: Tiny, project: Path):
    kill_at(project, "RunSubmitted")
    (summary,) = engine.runs()
    run = engine.get(summary.run_id)
    assert run.wait(120).state == "Completed"
    assert run.model
    assert b"".join(run.logs()) == b"step 0\nstep 1\nstep 2\nstep 3\n"


def test_a_run_whose_client_died_before_submitting_it_is_told_with_the_next_step(
    engine: Engine, tiny: Tiny, project: Path
):
    kill_at(project, "StageStartedenvironment")
    (summary,) = engine.runs()
    status = engine.get(summary.run_id).wait(60)
    assert (status.state, status.interrupted) == ("Failed", True)
    assert f"dressage resume {summary.run_id}" in (status.reason or "")


def test_a_run_that_is_still_prepared_is_waited_for(engine: Engine, tiny: Tiny, project: Path):
    preparing = client(project, "StageStartedenvironment")
    assert preparing.stdout
    assert preparing.stdin
    while "environment" not in preparing.stdout.readline():
        pass
    (summary,) = engine.runs()
    run = engine.get(summary.run_id)
    assert run.wait(0.2).state == "Preparing"
    preparing.stdin.close()
    assert run.wait(120).state == "Completed"
    preparing.stdout.read()
    preparing.stdout.close()
    assert preparing.wait(60) == 0


def held(engine: Engine, project: Path) -> tuple[Run, Path]:
    """A run that waits at step 1 until the file is removed."""
    hold = project / "hold"
    hold.touch()
    run = engine.run("tiny", set={"hold": str(hold)})
    logs = run.logs(follow=True)
    seen = b""
    while b"step 1" not in seen:
        seen += next(logs)
    return run, hold


def kill_supervisor(run: Run) -> None:
    started = [event for event in journal_of(run.folder).events() if event["event"] == "supervisor.started"]
    os.kill(started[-1]["pid"], signal.SIGKILL)


def test_a_killed_supervisor_is_told_and_resume_goes_on_from_the_checkpoint(
    engine: Engine, tiny: Tiny, project: Path
):
    run, hold = held(engine, project)
    kill_supervisor(run)
    status = run.wait(60)
    assert (status.state, status.interrupted) == ("Failed", True)
    assert f"dressage resume {run.id}" in (status.reason or "")
    hold.unlink()
    run.release()
    resumed = engine.resume(run.id)
    assert resumed.wait(120).state == "Completed"
    assert b"".join(resumed.logs()) == b"step 0\nstep 1\nstep 2\nstep 3\n"
    assert counted(engine) == (1, 1, 1)


def test_the_same_request_continues_a_run_whose_supervisor_was_killed(
    engine: Engine, tiny: Tiny, project: Path
):
    run, hold = held(engine, project)
    run.detach()
    kill_supervisor(run)
    hold.unlink()
    again = engine.run("tiny", set={"hold": str(hold)})
    assert again.id == run.id
    assert again.wait(120).state == "Completed"
    assert counted(engine) == (1, 1, 1)


def test_a_script_left_behind_by_a_killed_supervisor_does_not_write_beside_the_next(
    engine: Engine, tiny: Tiny, project: Path
):
    run, _ = held(engine, project)
    kill_supervisor(run)
    run.wait(60)
    assert is_locked(run.folder / "script.lock")  # it still waits at step 1
    run.release()
    assert engine.resume(run.id).wait(120).state == "Completed"
    assert not is_locked(run.folder / "script.lock")


def test_a_run_that_was_left_on_purpose_is_not_taken_for_the_next(engine: Engine, tiny: Tiny, project: Path):
    run, hold = held(engine, project)
    run.detach()
    other = engine.run("tiny", set={"hold": str(hold)})
    assert other.id != run.id
    hold.unlink()
    assert run.wait(120).state == other.wait(120).state == "Completed"
    assert counted(engine) == (2, 1, 1)


def test_a_failed_script_is_not_continued_by_the_same_request_but_by_resume(engine: Engine, tiny: Tiny):
    (tiny.source / "train.py").write_text("raise SystemExit(5)")
    first = engine.run("tiny")
    assert first.wait(60).exit_code == 5
    second = engine.run("tiny")
    second.wait(60)
    assert second.id != first.id
    assert engine.resume(first.id).wait(60).exit_code == 5
    assert [
        event["attempt"] for event in journal_of(first.folder).events() if event["event"] == "run.submitted"
    ] == [1, 2]


def test_a_run_that_leaves_no_model_fails_and_says_where_it_should_be(engine: Engine, tiny: Tiny):
    (tiny.source / "train.py").write_text("print('no model')")
    status = engine.run("tiny").wait(60)
    assert status.state == "Failed"
    assert "left no model at 'outputs/model'" in (status.reason or "")


def test_a_stage_that_fails_leaves_the_run_to_be_continued(engine: Engine, tiny: Tiny, project: Path):
    tiny.data.unlink()
    with pytest.raises(Exception, match=r"data\.csv"):
        engine.run("tiny")
    tiny.data.write_text("1,2,3\n")
    assert engine.run("tiny").wait(120).state == "Completed"
    assert counted(engine) == (1, 1, 1)


def test_a_listener_hears_of_the_stage_that_failed(engine: Engine, tiny: Tiny):
    heard: list[object] = []
    tiny.data.unlink()
    with pytest.raises(StageError):
        engine.run("tiny", listener=heard.append)
    assert isinstance(heard[-1], RunEnded)
    assert (heard[-1].status.state, heard[-1].status.interrupted) == ("Failed", True)


def test_runs_beyond_the_slots_queue_in_order(engine: Engine, tiny: Tiny, project: Path):
    first, hold = held(engine, project)
    first.detach()
    runs = [engine.run("tiny", set={"slots": 1, "rate": rate}) for rate in ("1", "2", "3")]
    eventually(lambda: {run.status.state for run in runs} == {"Queued"})
    hold.unlink()
    assert [run.wait(120).state for run in runs] == ["Completed"] * 3
    started = [run.status.started or "" for run in runs]
    assert started == sorted(started)


def test_a_queued_run_can_be_cancelled(engine: Engine, tiny: Tiny, project: Path):
    first, hold = held(engine, project)
    waiting = engine.run("tiny", set={"slots": 1, "rate": "2"})
    eventually(lambda: waiting.status.state == "Queued")
    waiting.cancel()
    assert waiting.wait(60).state == "Canceled"
    hold.unlink()
    assert first.wait(120).state == "Completed"


def test_a_run_cancelled_before_it_is_submitted_never_starts(engine: Engine, tiny: Tiny):
    def cancel(event: object) -> None:
        if isinstance(event, StageFinished) and event.stage == "environment":
            (summary,) = engine.runs()
            engine.get(summary.run_id).cancel()

    with pytest.raises(StageError, match="cancelled before it was submitted"):
        engine.run("tiny", listener=cancel)
    assert [summary.status.state for summary in engine.runs()] == ["Canceled"]


def test_a_queued_run_is_not_held_up_by_one_that_was_killed(engine: Engine, tiny: Tiny, project: Path):
    first, hold = held(engine, project)
    waiting = engine.run("tiny", set={"slots": 1, "rate": "2"})
    eventually(lambda: waiting.status.state == "Queued")
    kill_supervisor(first)
    assert waiting.wait(120).state == "Completed"
    hold.unlink()


def test_engines_in_several_threads_do_not_meet(project: Path, tiny: Tiny):
    states: list[str] = []

    def train(rate: str) -> None:
        engine = Engine(project)
        engine.plugins.add("recipe", "tiny", tiny)
        states.append(engine.run("tiny", set={"rate": rate}).wait(120).state)

    threads = [threading.Thread(target=train, args=(rate,)) for rate in "123"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == ["Completed"] * 3


def test_an_engine_works_inside_an_event_loop(engine: Engine, tiny: Tiny):
    async def train() -> str:
        run = await asyncio.to_thread(engine.run, "tiny")
        return (await asyncio.to_thread(run.wait, 120)).state

    assert asyncio.run(train()) == "Completed"


def test_a_listener_hears_stages_states_and_the_end_in_order(engine: Engine, tiny: Tiny):
    heard: list[str] = []

    def listen(event: object) -> None:
        heard.append(getattr(event, "stage", None) or type(event).__name__)

    engine.run("tiny", listener=listen).follow(listen)
    firsts = list(dict.fromkeys(heard))
    assert firsts[:6] == ["PlanMade", "RunCreated", "dataset", "compute", "environment", "RunSubmitted"]
    assert firsts[-1] == "RunEnded"


def test_bad_settings_are_refused_before_anything_happens(engine: Engine, tiny: Tiny, project: Path):
    with pytest.raises(SettingsError, match="no setting named 'rat'"):
        engine.run("tiny", set={"rat": "1"})
    assert not (project / ".dressage").exists()


def test_an_experiment_has_a_name_that_every_platform_takes(engine: Engine, tiny: Tiny, project: Path):
    with pytest.raises(
        SettingsError, match="experiment 'my experiment' is no name that every platform takes"
    ):
        engine.run("tiny", experiment="my experiment")
    assert not (project / ".dressage").exists()


def test_a_run_that_is_not_there_is_named(engine: Engine):
    with pytest.raises(NotFoundError, match="no run named 'tiny-1'"):
        engine.get("tiny-1")


def test_a_run_may_be_named_by_what_only_it_has(engine: Engine, tiny: Tiny):
    first, second = (engine.run("tiny", again=True) for _ in range(2))
    assert engine.get(first.id[-4:]).id == first.id
    assert engine.get("latest").id == second.id
    with pytest.raises(NotFoundError, match="'tiny' may be any of"):
        engine.get("tiny")
    for run in (first, second):
        run.wait(120)


def test_an_index_that_somebody_holds_is_left_to_them(engine: Engine, tiny: Tiny):
    run = engine.run("tiny")
    run.wait(120)
    engine.runs()
    index = engine.workspace.root / "index.sqlite"
    was = index.stat().st_ino
    with closing(sqlite3.connect(index, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        journal_of(run.folder).append("note")  # the index is behind, and cannot be written
        assert [summary.run_id for summary in engine.runs()] == [run.id]
    assert index.stat().st_ino == was


def test_folders_of_the_workspace_that_were_removed_are_made_again(engine: Engine, tiny: Tiny):
    engine.run("tiny").wait(120)
    for name in ("snapshots", "runs", "open"):
        shutil.rmtree(engine.workspace.root / name)
    assert engine.runs() == []
    assert engine.run("tiny", again=True).wait(120).state == "Completed"


@pytest.mark.parametrize(
    ("text", "words"), [("{", "is damaged; put"), ('{"layout": 9}', "has layout 9, this dressage reads 1")]
)
def test_a_workspace_that_cannot_be_read_is_refused(engine: Engine, project: Path, text: str, words: str):
    (project / ".dressage").mkdir()
    (project / ".dressage" / "workspace.json").write_text(text)
    with pytest.raises(SettingsError, match=words):
        engine.runs()


def test_an_index_that_is_lost_or_broken_is_rebuilt(engine: Engine, tiny: Tiny):
    run = engine.run("tiny")
    run.wait(120)
    index = engine.workspace.root / "index.sqlite"
    for content in (None, b"not a database" * 1000):
        for path in engine.workspace.root.glob("index.sqlite*"):
            path.unlink()
        if content:
            index.write_bytes(content)
        assert [summary.run_id for summary in engine.runs()] == [run.id]


def test_a_moved_workspace_still_tells_everything(engine: Engine, tiny: Tiny, project: Path, tmp_path: Path):
    run = engine.run("tiny")
    run.wait(120)
    moved = (project / ".dressage").rename(tmp_path / "records")
    elsewhere = Engine(tmp_path, environ={"DRESSAGE_WORKSPACE": str(moved)})
    found = elsewhere.get(run.id)
    assert (found.status.state, b"".join(found.logs())[:6]) == ("Completed", b"step 0")


def test_a_failed_run_is_resumed_while_its_handle_still_lives(engine: Engine, script):
    path = script("import pathlib, sys; sys.exit(0 if pathlib.Path(sys.argv[1]).exists() else 3)")
    run = engine.run("script", set={"path": str(path), "arguments": str(path.parent / "there")})
    b"".join(run.logs(follow=True))  # nobody has waited for it: the handle attends it still
    (path.parent / "there").touch()
    assert engine.resume(run.id).wait(60).state == "Completed"
