"""Runs of another machine's engine: accepted once, in a workspace of this machine."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace
from tests.recipes import Tiny

from dressage import Engine, SpecError, StageError, hookimpl
from dressage.records.requests import Submission
from dressage.records.workspace import Workspace
from dressage.results.statuses import RunStatus
from dressage.results.versions import File
from dressage.supervision.guests import GuestRuns


class Machine:
    """A platform that only notes what it gets. broken: submissions fail."""

    def __init__(self) -> None:
        self.submissions: list[Submission] = []
        self.state = RunStatus(state="Running")
        self.broken = False

    @hookimpl
    def platform(self) -> SimpleNamespace:
        return SimpleNamespace(runs=self)

    def submit(self, submission: Submission) -> None:
        if self.broken:
            raise StageError("model", "the machine is full")
        self.submissions.append(submission)

    def observe(self, run_id: str) -> RunStatus:
        return self.state

    def logs(self, run_id: str, offset: int = 0) -> bytes:
        return b""

    def files(self, run_id: str) -> list[File]:
        return []

    def download(self, run_id: str, paths: object, target: Path) -> None: ...

    def cancel(self, run_id: str) -> None: ...


@pytest.fixture
def submission(engine: Engine, tiny: Tiny) -> Submission:
    """What a platform of another machine gets: a run that reads a dataset."""
    sender = Machine()
    engine.plugins.add("platform", "sender", sender)
    engine.run("tiny", on="sender")
    return sender.submissions[0]


@pytest.fixture
def there(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "there")


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def guests(there: Workspace, machine: Machine) -> GuestRuns:
    return GuestRuns(there, "local", machine)


@pytest.fixture
def data(project: Path) -> Path:
    """The folder of the dataset's file."""
    folder = project / "sent"
    folder.mkdir()
    (folder / "data.csv").write_bytes((project / "data.csv").read_bytes())
    return folder


def store_all(guests: GuestRuns, submission: Submission, data: Path) -> None:
    snapshot = submission.request.snapshot
    guests.store_source(snapshot, snapshot.directory)
    guests.store_dataset(submission.datasets["numbers"], data)


def test_what_is_missing_is_named_and_nothing_is_created(
    guests: GuestRuns, submission: Submission, there: Workspace
):
    (dataset,) = submission.datasets.values()
    assert set(guests.submit(submission)) == {submission.request.snapshot.digest, dataset.digest}
    assert not there.root.exists()


def test_a_run_has_the_names_that_this_workspace_has_for_the_same_content(
    guests: GuestRuns, submission: Submission, there: Workspace, machine: Machine, data: Path
):
    store_all(guests, submission, data)
    assert guests.submit(submission) == []
    (got,) = machine.submissions
    assert got.run_id == submission.run_id
    assert got.request.snapshot.directory.parent == there.snapshots
    assert (got.request.platform, got.request.model.name) == ("local", None)


def test_its_journal_has_what_a_supervisor_needs(
    guests: GuestRuns, submission: Submission, there: Workspace, machine: Machine, data: Path
):
    store_all(guests, submission, data)
    guests.submit(submission)
    assert there.run(submission.run_id).refresh().the_submission() == machine.submissions[0]


def test_a_submission_that_failed_can_be_repeated(
    guests: GuestRuns, submission: Submission, machine: Machine, data: Path
):
    store_all(guests, submission, data)
    machine.broken = True
    with pytest.raises(StageError, match="the machine is full"):
        guests.submit(submission)
    machine.broken = False
    assert guests.submit(submission) == []
    assert len(machine.submissions) == 1


def test_the_next_attempt_follows_one_that_has_ended(
    guests: GuestRuns, submission: Submission, there: Workspace, machine: Machine, data: Path
):
    store_all(guests, submission, data)
    guests.submit(submission)
    machine.state = RunStatus(state="Failed", exit_code=1)
    guests.submit(replace(submission, attempt=2))
    assert [got.attempt for got in machine.submissions] == [1, 2]
    assert there.run(submission.run_id).refresh().attempt == 2


def test_an_attempt_that_still_runs_is_kept_instead_of_the_next_one(
    guests: GuestRuns, submission: Submission, machine: Machine, data: Path
):
    store_all(guests, submission, data)
    guests.submit(submission)
    guests.submit(replace(submission, attempt=2))
    assert [got.attempt for got in machine.submissions] == [1]


def test_a_source_with_other_bytes_is_refused(guests: GuestRuns, submission: Submission, tmp_path: Path):
    (tmp_path / "wrong").mkdir()
    (tmp_path / "wrong" / "train.py").write_text("print('something else')")
    with pytest.raises(SpecError):
        guests.store_source(submission.request.snapshot, tmp_path / "wrong")


def test_a_dataset_with_other_bytes_is_refused(guests: GuestRuns, submission: Submission, data: Path):
    (data / "data.csv").write_text("9,9,9\n")
    with pytest.raises(StageError):
        guests.store_dataset(submission.datasets["numbers"], data)
