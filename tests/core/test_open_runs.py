"""The same request many times: which of its open runs are looked at, and which is continued."""

from pathlib import Path

import pytest
from tests.fixtures import WriteScript
from tests.shelf import Shelf

from dressage import Engine
from dressage.engine.runs import Run
from dressage.results.statuses import RunStatus

LOST = RunStatus(state="Failed", reason="the node was taken away", interrupted=True)


@pytest.fixture
def shelf(engine: Engine) -> Shelf:
    """A platform that accepts runs and starts none, registered as `shelf`."""
    platform = Shelf()
    engine.plugins.add("platform", "shelf", platform)
    return platform


@pytest.fixture
def path(script: WriteScript) -> str:
    return str(script(""))


def submit(engine: Engine, path: str) -> Run:
    """Submit a run and detach from it."""
    run = engine.run("script", on="shelf", set={"path": path})
    if not run.status.has_ended:
        run.detach()
    return run


def test_detached_runs_of_a_request_are_different_runs(engine: Engine, shelf: Shelf, path: str):
    runs = [submit(engine, path).id for _ in range(5)]
    assert [submission.run_id for submission in shelf.submitted] == runs
    assert len(set(runs)) == 5


def test_run_ids_sort_in_the_order_of_submission(engine: Engine, shelf: Shelf, path: str):
    seconds = [submit(engine, path).id[:-2] for _ in range(20)]
    assert seconds == sorted(seconds)


def test_a_submission_asks_for_the_first_queued_run_only(engine: Engine, shelf: Shelf, path: str):
    first = submit(engine, path).id
    for _ in range(5):
        submit(engine, path)
    shelf.observed.clear()
    submit(engine, path)
    assert set(shelf.observed) == {first, shelf.submitted[-1].run_id}


def test_a_detached_run_that_was_interrupted_is_continued(engine: Engine, shelf: Shelf, path: str):
    running, lost, queued = (submit(engine, path) for _ in range(3))
    shelf.statuses[running.id] = RunStatus(state="Running")
    shelf.statuses[lost.id] = LOST
    again = engine.run("script", on="shelf", set={"path": path})
    assert (again.id, shelf.submitted[-1].attempt) == (lost.id, 2)
    assert queued.status.state == "Queued"


def test_a_run_whose_client_exited_is_continued_although_many_are_queued(
    engine: Engine, shelf: Shelf, path: str
):
    for _ in range(3):
        submit(engine, path)
    left = engine.run("script", on="shelf", set={"path": path})
    left.release()
    assert engine.run("script", on="shelf", set={"path": path}).id == left.id


def test_a_detached_run_that_has_ended_is_looked_at_once(engine: Engine, shelf: Shelf, path: str):
    ended = submit(engine, path)
    shelf.statuses[ended.id] = RunStatus(state="Failed", exit_code=1)
    submit(engine, path)
    shelf.observed.clear()
    submit(engine, path)
    assert ended.id not in shelf.observed


def test_the_markers_of_a_request_are_removed_with_its_last_run(engine: Engine, shelf: Shelf, path: str):
    run = engine.run("script", on="shelf", set={"path": path})
    shelf.statuses[run.id] = RunStatus(state="Completed", exit_code=0)
    run.wait(20)
    assert not list((engine.workspace.root / "open").iterdir())


def test_a_run_whose_client_was_killed_while_it_detached_is_detached(engine: Engine, shelf: Shelf, path: str):
    run = engine.run("script", on="shelf", set={"path": path})
    run.folder.detach()
    run.release()
    assert submit(engine, path).id != run.id
    assert run.id in engine.workspace.open_runs.detached(run.request.key)


def test_a_resumed_run_is_no_longer_detached(engine: Engine, shelf: Shelf, path: str):
    run = submit(engine, path)
    shelf.statuses[run.id] = LOST
    engine.resume(run.id).release()
    shelf.statuses.clear()
    assert engine.run("script", on="shelf", set={"path": path}).id == run.id


def test_the_journal_of_a_living_run_is_not_read_by_each_submission(
    engine: Engine, shelf: Shelf, path: str, project: Path
):
    runs = [submit(engine, path) for _ in range(4)]
    for run in runs[1:]:
        run.folder.journal.path.unlink()
    del runs
    other = Engine(project)
    other.plugins.add("platform", "shelf", shelf)
    assert submit(other, path).id not in {submission.run_id for submission in shelf.submitted[:-1]}
