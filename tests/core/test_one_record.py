"""A run's journal has one writer and is read once."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.clients import kill_supervisor, start_and_hold
from tests.recipes import Tiny
from tests.waiting import eventually

from dressage import Engine
from dressage.records.journal import Journal
from dressage.results.entries import Entry, StateEntered
from dressage.results.statuses import RunStatus


@pytest.fixture
def beginnings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Journals whose beginning was read, one entry for each time."""
    read: list[Path] = []
    read_events = Journal.events_with_offsets

    def watch(journal: Journal, offset: int = 0) -> Iterator[tuple[int, Entry]]:
        if offset == 0 and journal.path.exists() and journal.path.stat().st_size:
            read.append(journal.path)
        return read_events(journal, offset)

    monkeypatch.setattr(Journal, "events_with_offsets", watch)
    return read


def test_what_is_shown_of_a_run_is_read_once(engine: Engine, tiny: Tiny, beginnings: list[Path]):
    run_id = engine.run("tiny").id
    engine.get(run_id).wait(60)
    beginnings.clear()
    run = Engine(engine.directory).get(run_id)
    assert run.status.has_ended
    assert all((run.created, run.tracked, run.model, run.stage("dataset"), run.files))
    assert len(beginnings) == 1


def states(engine: Engine, run_id: str) -> list[str]:
    events = engine.get(run_id).folder.journal.events()
    return [event.state for event in events if isinstance(event, StateEntered)]


def test_the_end_of_a_run_whose_supervisor_was_killed_is_written_by_who_sees_it(
    engine: Engine, tiny: Tiny, project: Path
):
    run, _ = start_and_hold(engine, project)
    kill_supervisor(run)
    eventually(lambda: run.status.state == "Failed")
    assert states(engine, run.id) == ["Running", "Failed"]


def test_several_who_see_it_write_it_once(engine: Engine, tiny: Tiny, project: Path):
    run, _ = start_and_hold(engine, project)
    kill_supervisor(run)
    others = [Engine(project).get(run.id) for _ in range(3)]
    eventually(lambda: all(other.status.state == "Failed" for other in others))
    assert states(engine, run.id).count("Failed") == 1


def test_a_run_ended_when_it_last_wrote_something(engine: Engine, tiny: Tiny, project: Path):
    run, _ = start_and_hold(engine, project)
    kill_supervisor(run)
    for path in (run.folder.journal.path, run.folder.log):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    eventually(lambda: run.status.state == "Failed")
    assert run.status.ended == "2023-11-14T22:13:20.000Z"


def test_nothing_is_written_after_the_end(engine: Engine, tiny: Tiny):
    run = engine.run("tiny")
    run.wait(60)
    before = run.folder.journal.path.read_bytes()
    run.folder.record(RunStatus(state="Failed", reason="seen late"), 1)
    assert run.folder.journal.path.read_bytes() == before


def test_what_is_seen_of_an_earlier_attempt_is_not_written(engine: Engine, tiny: Tiny, project: Path):
    (tiny.source / "train.py").write_text("raise SystemExit(5)")
    run = engine.run("tiny")
    run.wait(60)
    run.folder.resume(2)
    assert run.folder.record(RunStatus(state="Completed"), 1).state == "Preparing"


def test_a_run_that_somebody_else_keeps_is_shown_though_nothing_can_be_written(
    engine: Engine, tiny: Tiny, project: Path, monkeypatch: pytest.MonkeyPatch
):
    """The real case is a folder of another user; the tests may run as root, who writes anywhere."""
    run, _ = start_and_hold(engine, project)
    kill_supervisor(run)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Journal, "_write", refuse)
    eventually(lambda: run.status.state == "Failed")
    assert states(engine, run.id) == ["Running"]
