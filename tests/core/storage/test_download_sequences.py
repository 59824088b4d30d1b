"""Any sequence of faults and kills ends with exactly the right bytes, or with an error and nothing in the store."""

import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.downloads import Place, sha
from tests.faultserver import FAULTS, HONEST, FaultServer, other, serve_faults

from dressage import Source, StageError
from dressage.specs.downloads import DownloadLimits
from dressage.storage.download import pace, transfer

DATA = random.Random(3).randbytes(200_000)
SIZES = (0, 1, 11, 70_000, len(DATA))
PIECE_BYTES = 32 << 10
IMPATIENT = DownloadLimits(stall_seconds=0.1)
UNNOTICEABLE = ("Content-Length too short", "chunked, too long")
"""What no client can see in the answer to a request for the whole file, if it knows neither digest nor size."""
QUICK = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
LONG = settings(QUICK, max_examples=500, derandomize=False)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with serve_faults({}) as state:
        yield state


@pytest.fixture(autouse=True)
def small_and_hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use small pieces, and short pauses between attempts."""
    monkeypatch.setattr(transfer, "_PIECE_BYTES", PIECE_BYTES)
    monkeypatch.setattr(pace, "_FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(pace, "_LONGEST_PAUSE_S", 0.01)


faults = st.sampled_from(sorted(FAULTS))
known = st.sampled_from(["nothing", "size", "digest", "both"])


def describe(address: str, data: bytes, knows: str, *mirrors: str) -> Source:
    return Source(
        path="a.bin",
        addresses=(address, *mirrors),
        sha256=sha(data) if knows in ("digest", "both") else None,
        size=len(data) if knows in ("size", "both") else None,
    )


def fetch_or_nothing(folder: Path, wanted: Source, allowed: list[bytes]) -> None:
    """Download twice, as a user does after an error. Each time, the bytes are right, or nothing is kept."""
    place = Place(folder)
    for _ in range(2):
        with suppress(StageError):
            assert place.fetch(wanted, limits=IMPATIENT)[0] in allowed
            assert len(place.kept) == 1
            return
        assert place.kept == []


def check_sequence(
    server: FaultServer, size: int, sequence: list[str], always: str, knows: str, *, is_weak: bool
) -> None:
    data = DATA[:size]
    server.files = {"/a.bin": data}
    if knows == "nothing":
        sequence = [fault for fault in sequence if fault not in UNNOTICEABLE]
        always = HONEST if always in UNNOTICEABLE else always
    server.faults, server.always = list(sequence), always
    server.headers = {"ETag": 'W/"1"'} if is_weak else {}
    whole = {"nothing": [data, other(data)], "size": [data, other(data)]}.get(knows, [data])
    with tempfile.TemporaryDirectory() as folder:
        fetch_or_nothing(Path(folder), describe(server.address + "/a.bin", data, knows), whole)


sequences = given(
    size=st.sampled_from(SIZES),
    sequence=st.lists(faults, max_size=8),
    always=st.one_of(st.just(HONEST), faults),
    knows=known,
    is_weak=st.booleans(),
)


@sequences
@QUICK
@example(size=len(DATA), sequence=[HONEST] * 2 + ["changed"], always=HONEST, knows="nothing", is_weak=False)
def test_after_any_sequence_of_faults_the_bytes_are_right_or_none_are_kept(
    server: FaultServer, size: int, sequence: list[str], always: str, knows: str, is_weak: bool
):
    check_sequence(server, size, sequence, always, knows, is_weak=is_weak)


@pytest.mark.slow
@pytest.mark.timeout(900)
@sequences
@LONG
def test_after_any_of_many_sequences_of_faults_the_bytes_are_right_or_none_are_kept(
    server: FaultServer, size: int, sequence: list[str], always: str, knows: str, is_weak: bool
):
    check_sequence(server, size, sequence, always, knows, is_weak=is_weak)


@given(sequence=st.lists(faults, max_size=8), knows=st.sampled_from(["digest", "both"]))
@QUICK
def test_an_honest_mirror_provides_the_file_after_any_faults_of_another(
    server: FaultServer, sequence: list[str], knows: str
):
    server.files, server.faults, server.always = {"/a.bin": DATA}, list(sequence), "status 404"
    with serve_faults({"/a.bin": DATA}) as mirror, tempfile.TemporaryDirectory() as folder:
        wanted = describe(server.address + "/a.bin", DATA, knows, mirror.address + "/a.bin")
        assert Place(Path(folder)).fetch(wanted, limits=IMPATIENT) == [DATA]


KILLED = """
import os, signal, sys
from pathlib import Path
from dressage import Source
from dressage.storage.download import fetch, partial, transfer
from dressage.storage.objects import ObjectStore
from dressage.testing.changes import watch_changes
folder, address, sha, left = Path(sys.argv[1]), sys.argv[2], sys.argv[3] or None, int(sys.argv[4])
transfer._PIECE_BYTES, partial._NOTE_EVERY_BYTES = int(sys.argv[5]), 1
def count(change):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
with watch_changes(count):
    fetch([Source(path="a.bin", addresses=(address,), sha256=sha)], ObjectStore(folder / "objects"),
          folder / "partial", lambda *_: None)
"""


def check_kill(server: FaultServer, kill_at: int, sequence: list[str], knows: str, *, changes: bool) -> None:
    """Kill a download before one of its changes of the disk; then continue it, perhaps with a new file."""
    server.files, server.faults, server.always = {"/a.bin": DATA}, [], HONEST
    address = server.address + "/a.bin"
    with tempfile.TemporaryDirectory() as folder:
        sha256 = sha(DATA) if knows == "digest" else ""
        command = [sys.executable, "-c", KILLED, folder, address, sha256, str(kill_at), str(PIECE_BYTES)]
        assert subprocess.run(command).returncode in (0, -signal.SIGKILL)
        assert set(Place(Path(folder)).kept) <= {DATA}
        data = other(DATA) if changes and knows == "nothing" else DATA
        server.files, server.faults = (
            {"/a.bin": data},
            [fault for fault in sequence if fault not in UNNOTICEABLE],
        )
        place, wanted = Place(Path(folder)), describe(address, data, knows)
        try:
            fetched = place.fetch(wanted, limits=IMPATIENT)
        except StageError:
            server.faults = []
            fetched = place.fetch(wanted, limits=IMPATIENT)
        assert fetched[0] in ([data] if knows == "digest" else [data, other(data)])


kills = given(
    kill_at=st.integers(0, 55),
    sequence=st.lists(faults, max_size=3),
    knows=st.sampled_from(["nothing", "digest"]),
    changes=st.booleans(),
)


@kills
@settings(QUICK, max_examples=10)
@example(kill_at=30, sequence=[], knows="nothing", changes=True)
@example(kill_at=30, sequence=[], knows="nothing", changes=False)
def test_a_download_that_was_killed_at_any_change_is_continued_with_the_right_bytes(
    server: FaultServer, kill_at: int, sequence: list[str], knows: str, changes: bool
):
    check_kill(server, kill_at, sequence, knows, changes=changes)


@pytest.mark.slow
@pytest.mark.timeout(900)
@kills
@settings(LONG, max_examples=60)
def test_a_download_that_was_killed_at_any_of_many_changes_is_continued_with_the_right_bytes(
    server: FaultServer, kill_at: int, sequence: list[str], knows: str, changes: bool
):
    check_kill(server, kill_at, sequence, knows, changes=changes)
