"""A journal with several writers and readers, and crashes between and within their lines."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.machines import LONG, QUICK

from dressage.records.journal import Journal
from dressage.records.run_folder import RunFolder
from dressage.results.entries import Entry, RunSubmitting, UnknownEntry, UnreadableEntry

WRITERS = st.integers(0, 2)
READERS = st.sampled_from(["a", "b"])
GARBAGE = st.one_of(
    st.binary(min_size=1, max_size=40).filter(lambda data: b"\n" not in data),
    st.sampled_from(
        [b"{}", b"[]", b'{"event":"run.submitting"}', b'{"event":"run.submitting","attempt":1}', b"\0\0"]
    ),
)


class JournalMachine(RuleBasedStateMachine):
    """What was written completely is read once and in order, by every reader.

    written: for each complete line, its attempt, or None for a line that is not an event. tail: an incomplete line.
    read: what each reader has read so far; offsets: up to where.
    """

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="dressage-machine-"))
        self.folder = self.root / "runs" / "run"
        self.folder.mkdir(parents=True)
        self.path = self.folder / "journal.jsonl"
        self.writers = [Journal(self.path) for _ in range(3)]
        self.kept = RunFolder(self.folder)
        self.written: list[int | None] = []
        self.tail: int | bool | None = False
        self.offsets = {"a": 0, "b": 0}
        self.read: dict[str, list[int | None]] = {"a": [], "b": []}

    def teardown(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)

    def end_tail(self) -> None:
        """The next line ends an incomplete one, which may be an event that lacks only its line break."""
        if self.tail is not False:
            self.written.append(None if self.tail is True else self.tail)
            self.tail = False

    @rule(writer=WRITERS, attempt=st.integers(1, 9), durable=st.booleans())
    def append(self, writer: int, attempt: int, durable: bool) -> None:
        journal = self.writers[writer]
        (journal.append_durably if durable else journal.append)("run.submitting", attempt=attempt)
        self.end_tail()
        self.written.append(attempt)

    @rule(data=GARBAGE)
    def crash_within_a_line(self, data: bytes) -> None:
        """A writer was killed, or the disk became full, within its line: after another incomplete line, too."""
        if self.tail is False:
            with self.path.open("ab") as file:
                file.write(data)
            self.tail = 1 if data == b'{"event":"run.submitting","attempt":1}' else True

    @rule(data=st.sampled_from([b"{}", b"\xff\xfe", b'{"event":"state","state":"Weird"}', b'{"event":5}']))
    def damage(self, data: bytes) -> None:
        if self.tail is False:
            with self.path.open("ab") as file:
                file.write(data + b"\n")
            self.written.append(None)

    @rule(reader=READERS)
    def continue_reading(self, reader: str) -> None:
        for offset, entry in Journal(self.path).events_with_offsets(self.offsets[reader]):
            self.offsets[reader] = offset
            self.read[reader].append(attempt_of(entry))

    @rule(reader=READERS)
    def stop_reading_after_one(self, reader: str) -> None:
        for offset, entry in Journal(self.path).events_with_offsets(self.offsets[reader]):
            self.offsets[reader] = offset
            self.read[reader].append(attempt_of(entry))
            break

    @rule()
    def lose_what_is_not_on_the_disk(self) -> None:
        """The machine stops, and the file system has cut off an incomplete line."""
        if self.tail is not False and self.path.exists():
            content = self.path.read_bytes()
            os.truncate(self.path, content.rfind(b"\n") + 1)
            self.tail = False

    @invariant()
    def all_complete_lines_are_read_in_order(self) -> None:
        assert [attempt_of(entry) for entry in Journal(self.path).events()] == self.written

    @invariant()
    def readers_have_read_a_beginning(self) -> None:
        for read in self.read.values():
            assert read == self.written[: len(read)]

    @invariant()
    def a_record_counts_what_it_cannot_read(self) -> None:
        record = self.kept.refresh()
        assert record.tracked.unreadable == self.written.count(None)
        assert record.submitting == max((attempt for attempt in self.written if attempt), default=0)


def attempt_of(entry: Entry) -> int | None:
    assert not isinstance(entry, UnknownEntry)
    if isinstance(entry, UnreadableEntry):
        return None
    assert isinstance(entry, RunSubmitting)
    return entry.attempt


def test_any_order_of_writes_and_crashes():
    run_state_machine_as_test(JournalMachine, settings=QUICK)


@pytest.mark.slow
def test_many_orders_of_writes_and_crashes():
    run_state_machine_as_test(JournalMachine, settings=LONG)
