"""The place of a run in the queue, as its platform reports it."""

import pytest
from tests.recipes import Tiny
from tests.shelf import Shelf

from dressage import Engine
from dressage.cli.output import state_of
from dressage.engine.runs import Run
from dressage.results.statuses import RunStatus


@pytest.fixture
def shelf(engine: Engine, tiny: Tiny) -> Shelf:
    """A platform that accepts runs and starts none, registered as `shelf`."""
    platform = Shelf()
    engine.plugins.add("platform", "shelf", platform)
    return platform


@pytest.fixture
def run(engine: Engine, shelf: Shelf) -> Run:
    """A run that is third in the queue."""
    run = engine.run("tiny", on="shelf")
    shelf.statuses[run.id] = RunStatus(state="Queued", place=3)
    return run


def test_a_queued_run_has_a_place(run: Run):
    assert (run.status.state, run.status.place) == ("Queued", 3)


def test_a_listing_has_the_place(engine: Engine, run: Run):
    assert [summary.status.place for summary in engine.runs()] == [3]


def test_the_journal_does_not_have_the_place(run: Run):
    assert run.status.place == 3
    assert b"place" not in run.folder.journal.path.read_bytes()


def test_a_run_that_moves_up_writes_nothing(run: Run, shelf: Shelf):
    assert run.status.place == 3
    before = run.folder.journal.path.read_bytes()
    shelf.statuses[run.id] = RunStatus(state="Queued", place=2)
    assert run.status.place == 2
    assert run.folder.journal.path.read_bytes() == before


def test_the_place_is_shown_with_the_state():
    assert state_of(RunStatus(state="Queued", place=3)) == "Queued (3)"
    assert state_of(RunStatus(state="Running")) == "Running"
