import subprocess
import sys
from pathlib import Path

import pytest

from dressage.records.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl")


def names(journal: Journal) -> list[str]:
    return [event["event"] for event in journal.events()]


WRITER = """
import sys
from pathlib import Path
from dressage.records.journal import Journal
for number in range(200):
    Journal(Path(sys.argv[1])).append("n", who=int(sys.argv[2]), number=number)
"""


def test_events_come_back_in_order(journal: Journal):
    journal.append("a", value=1)
    journal.append("b", text="ü\n")
    assert [(e["event"], e.get("value"), e.get("text")) for e in journal.events()] == [
        ("a", 1, None),
        ("b", None, "ü\n"),
    ]


def test_a_torn_line_is_passed_over_and_loses_nothing_after_it(journal: Journal):
    journal.append("before")
    with journal.path.open("ab") as file:
        file.write(b'{"event": "to')
    journal.append("after")
    assert names(journal) == ["before", "after"]


def test_a_line_that_is_being_written_is_not_read_yet(journal: Journal):
    journal.append("before")
    with journal.path.open("ab") as file:
        file.write(b'{"event": "unfinished"}')
    assert names(journal) == ["before"]


def test_reading_goes_on_from_an_offset(journal: Journal):
    journal.append("a")
    offset = [offset for offset, _ in journal.events_with_offsets()][-1]
    journal.append("b")
    assert [event["event"] for event in journal.events(offset)] == ["b"]


def test_processes_that_write_at_once_lose_nothing(journal: Journal):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(journal.path), str(who)]) for who in range(3)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    written = [(event["who"], event["number"]) for event in journal.events()]
    assert sorted(written) == [(who, number) for who in range(3) for number in range(200)]


def test_a_journal_that_is_not_there_has_no_events(journal: Journal):
    assert names(journal) == []
