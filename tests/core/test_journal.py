import subprocess
import sys
from pathlib import Path

import pytest

from dressage.records.journal import Journal
from dressage.results.entries import RunSubmitting, RunSupervised, StageStarted, UnreadableEntry


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl")


def names(journal: Journal) -> list[str]:
    return [event.event for event in journal.events()]


WRITER = """
import sys
from pathlib import Path
from dressage.records.journal import Journal
from dressage.results.entries import RunSubmitting, RunSupervised, StageStarted, UnreadableEntry
for number in range(200):
    Journal(Path(sys.argv[1])).append("run.supervised", attempt=int(sys.argv[2]), process=number)
"""


def test_events_come_back_in_order(journal: Journal):
    journal.append("run.submitting", attempt=1)
    journal.append("stage.started", stage="dataset", name="ü\n")
    submitting, started = journal.events()
    assert isinstance(submitting, RunSubmitting)
    assert isinstance(started, StageStarted)
    assert (submitting.attempt, started.stage, started.name) == (1, "dataset", "ü\n")


def test_a_torn_line_is_passed_over_and_loses_nothing_after_it(journal: Journal):
    journal.append("run.detached")
    with journal.path.open("ab") as file:
        file.write(b'{"event": "to')
    journal.append("run.submitted", attempt=1)
    before, torn, after = journal.events()
    assert (before.event, after.event) == ("run.detached", "run.submitted")
    assert torn == UnreadableEntry(problem="it is not JSON")


def test_a_line_that_is_being_written_is_not_read_yet(journal: Journal):
    journal.append("run.detached")
    with journal.path.open("ab") as file:
        file.write(b'{"event": "run.detached"}')
    assert names(journal) == ["run.detached"]


def test_reading_goes_on_from_an_offset(journal: Journal):
    journal.append("run.detached")
    offset = [offset for offset, _ in journal.events_with_offsets()][-1]
    journal.append("run.submitted", attempt=1)
    assert [event.event for event in journal.events(offset)] == ["run.submitted"]


def test_processes_that_write_at_once_lose_nothing(journal: Journal):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(journal.path), str(who)]) for who in (1, 2, 3)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    written = [
        (event.attempt, event.process) for event in journal.events() if isinstance(event, RunSupervised)
    ]
    assert sorted(written) == [(who, number) for who in (1, 2, 3) for number in range(200)]


def test_a_journal_that_is_not_there_has_no_events(journal: Journal):
    assert names(journal) == []
