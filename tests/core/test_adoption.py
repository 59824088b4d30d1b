"""Runs that were started elsewhere: their records are made from what the platform knows."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.recipes import Tiny

from dressage import Engine, NotFoundError
from dressage.records.adoption import FoundRun, adopt_run
from dressage.records.requests import Submission
from dressage.records.workspace import Workspace


@pytest.fixture
def found(engine: Engine, tiny: Tiny) -> FoundRun:
    """A completed run of another workspace."""
    run = engine.run("tiny")
    assert run.wait(60).state == "Completed"
    submission = run.folder.refresh().the_submission()
    assert isinstance(submission, Submission)
    return FoundRun(
        request=run.request,
        submission=submission,
        attempts=2,
        model=run.model,
        created="2026-11-24T09:00:00Z",
    )


@pytest.fixture
def other(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "other" / ".dressage")


def test_a_record_has_what_the_platform_knows(found: FoundRun, other: Workspace):
    record = adopt_run(other, found).refresh()
    assert (record.adopted, record.created) == (True, "2026-11-24T09:00:00Z")
    assert (record.attempt, record.submitted, record.status.state) == (2, 2, "Preparing")
    assert (record.the_request(), record.model) == (found.request, found.model)
    assert record.the_judgement().given_tags == found.request.tags
    assert record.used_datasets["numbers"]["version"] == 1


def test_several_clients_make_one_record(found: FoundRun, other: Workspace):
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: adopt_run(Workspace(other.root), found), range(16)))
    events = [entry.event for entry in folders[0].journal.events()]
    assert events.count("run.created") == events.count("run.adopted") == 1
    assert [path.name for path in other.runs.iterdir()] == [found.request.run_id]
    assert not list((other.root / "adopting").iterdir())


def test_the_same_request_finds_the_run(found: FoundRun, other: Workspace):
    adopt_run(other, found)
    assert other.open_runs.attended(found.request.key) == [found.request.run_id]


def test_an_existing_record_is_not_changed(found: FoundRun, engine: Engine):
    journal = engine.workspace.run(found.request.run_id).journal.path
    before = journal.read_bytes()
    adopt_run(engine.workspace, found)
    assert journal.read_bytes() == before


def test_a_platform_without_a_history_changes_no_error(engine: Engine, tiny: Tiny):
    with pytest.raises(NotFoundError, match=r"^no run named 'nobody'; known: none$"):
        engine.get("nobody")


def test_recorded_runs_are_listed_by_experiment_state_and_platform(engine: Engine, tiny: Tiny):
    first = engine.run("tiny", experiment="one")
    first.wait(60)
    second = engine.run("tiny", set={"rate": "0.2"}, experiment="two")
    second.wait(60)
    assert [run.run_id for run in engine.runs(experiment="one")] == [first.id]
    assert [run.run_id for run in engine.runs(1, state="Completed", on="local")] == [second.id]
    assert engine.runs(state="Failed") == engine.runs(experiment="three") == []
