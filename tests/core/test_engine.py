"""Runs through the engine: the same request, again, at once, killed, resumed."""

import asyncio
import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from tests.clients import count_results, start_and_hold, start_client
from tests.recipes import Tiny
from tests.waiting import eventually

from dressage import Engine, NotFoundError, SettingsError, StageError
from dressage.results.events import RunEnded, RunFound


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
    assert count_results(engine) == (1, 1, 1)


def test_again_starts_a_new_run_and_the_same_bytes_make_no_new_version(engine: Engine, tiny: Tiny):
    first = engine.run("tiny")
    first.wait(120)
    second = engine.run("tiny", again=True)
    assert second.wait(120).state == "Completed"
    assert second.id != first.id
    assert count_results(engine) == (2, 1, 1)
    assert sum(kept.is_dir() for kept in (engine.workspace.root / "snapshots").iterdir()) == 1


def test_another_model_is_another_version(engine: Engine, tiny: Tiny):
    engine.run("tiny").wait(120)
    run = engine.run("tiny", set={"rate": "0.2"})
    run.wait(120)
    assert run.model
    assert run.model.version == 2


def test_a_run_that_is_still_prepared_is_waited_for(engine: Engine, tiny: Tiny, project: Path):
    preparing = start_client(project, "StageStartedenvironment")
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


def test_a_run_that_was_left_on_purpose_is_not_taken_for_the_next(engine: Engine, tiny: Tiny, project: Path):
    run, hold = start_and_hold(engine, project)
    run.detach()
    other = engine.run("tiny", set={"hold": str(hold)})
    assert other.id != run.id
    hold.unlink()
    assert run.wait(120).state == other.wait(120).state == "Completed"
    assert count_results(engine) == (2, 1, 1)


def test_a_run_that_leaves_no_model_fails_and_says_where_it_should_be(engine: Engine, tiny: Tiny):
    (tiny.source / "train.py").write_text("print('no model')")
    status = engine.run("tiny").wait(60)
    assert status.state == "Failed"
    assert "left no model at 'outputs/model'" in (status.reason or "")


def test_a_listener_hears_of_the_stage_that_failed(engine: Engine, tiny: Tiny):
    heard: list[object] = []

    def listen(event: object) -> None:
        tiny.lose_data(event)
        heard.append(event)

    with pytest.raises(StageError):
        engine.run("tiny", listener=listen)
    assert isinstance(heard[-1], RunEnded)
    assert (heard[-1].status.state, heard[-1].status.interrupted) == ("Failed", True)


def test_runs_beyond_the_slots_queue_in_order(engine: Engine, tiny: Tiny, project: Path):
    first, hold = start_and_hold(engine, project, slots=1)
    first.detach()
    runs = [engine.run("tiny", set={"slots": 1, "rate": rate}) for rate in ("1", "2", "3")]
    eventually(lambda: {run.status.state for run in runs} == {"Queued"})
    hold.unlink()
    assert [run.wait(120).state for run in runs] == ["Completed"] * 3
    started = [run.status.started or "" for run in runs]
    assert started == sorted(started)


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


def test_several_threads_may_wait_for_one_run(engine: Engine, tiny: Tiny, project: Path):
    run, hold = start_and_hold(engine, project)
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(engine.get(run.id).wait, 60) for _ in range(4)]
        hold.unlink()
        assert [one.result().state for one in waiting] == ["Completed"] * 4


def test_several_threads_may_watch_one_run(engine: Engine, tiny: Tiny):
    run = engine.run("tiny")
    run.wait(120)
    journal = run.folder.journal
    with ThreadPoolExecutor(4) as pool:
        for step in range(100):
            for number in range(20):
                journal.append("tracking.trace", trace_id=f"{step}-{number}")
            list(pool.map(lambda _: run.tracked, range(4)))
    assert len(run.tracked.traces) == 2000


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
    with pytest.raises(SettingsError, match="invalid experiment name 'my experiment'"):
        engine.run("tiny", experiment="my experiment")
    assert not (project / ".dressage").exists()


def test_a_run_that_is_not_there_is_named(engine: Engine):
    with pytest.raises(NotFoundError, match="no run named 'tiny-1'"):
        engine.get("tiny-1")


def test_a_run_may_be_named_by_what_only_it_has(engine: Engine, tiny: Tiny):
    first, second = (engine.run("tiny", again=True) for _ in range(2))
    assert engine.get(first.id[-4:]).id == first.id
    assert engine.get("latest").id == second.id
    with pytest.raises(NotFoundError, match="ambiguous run id 'tiny': matches"):
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
        run.folder.journal.append("note")  # the index is behind, and cannot be written
        assert [summary.run_id for summary in engine.runs()] == [run.id]
    assert index.stat().st_ino == was


def test_folders_of_the_workspace_that_were_removed_are_made_again(engine: Engine, tiny: Tiny):
    engine.run("tiny").wait(120)
    for name in ("snapshots", "runs", "open"):
        shutil.rmtree(engine.workspace.root / name)
    assert engine.runs() == []
    assert engine.run("tiny", again=True).wait(120).state == "Completed"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is damaged; replace its content with"),
        ('{"layout": 9}', "has layout 9, but this version of dressage"),
    ],
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
