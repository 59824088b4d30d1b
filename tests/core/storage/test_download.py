"""Downloads over real HTTP on loopback."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.downloads import Place, sha, source
from tests.fileserver import FileServer, serve_files
from tests.waiting import eventually

from dressage import Source, StageError
from dressage.storage.download.partial import Partial

LARGE = random.Random(0).randbytes(20_000_000)
SMALL = b"small file\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serve_files(files={"/small": SMALL, "/large": LARGE, "/wrong": b"x" * len(SMALL)}) as state:
        yield state


def test_files_come_whole_and_in_the_order_asked_for(place: Place, server: FileServer):
    sources = source(LARGE, server.address + "/large"), source(SMALL, server.address + "/small", path="b")
    assert place.fetch(*sources) == [LARGE, SMALL]


def test_a_large_file_comes_in_several_ranges(place: Place, server: FileServer):
    place.fetch(source(LARGE, server.address + "/large"))
    assert server.requests["/large"] == 4  # one look, three pieces of at most 8 MiB


def test_what_is_there_already_is_not_asked_for(place: Place, server: FileServer):
    place.fetch(source(SMALL, server.address + "/small"))
    asked = server.requests.total()
    assert place.fetch(source(SMALL, server.address + "/small")) == [SMALL]
    assert server.requests.total() == asked


def test_progress_ends_at_the_whole(place: Place, server: FileServer):
    place.fetch(source(LARGE, server.address + "/large"))
    assert place.told[-1] == (len(LARGE), len(LARGE))


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_refusal_goes_to_the_next_mirror_at_once(place: Place, server: FileServer, status: int):
    server.refuse = [status]
    assert place.fetch(source(SMALL, server.address + "/small", server.address + "/small")) == [SMALL]
    assert server.requests["/small"] == 3


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_fault_is_ridden_over(place: Place, server: FileServer, status: int):
    server.refuse = [status]
    assert place.fetch(source(SMALL, server.address + "/small")) == [SMALL]


def test_a_server_that_asks_to_wait_is_waited_for(place: Place, server: FileServer):
    server.refuse, server.retry_after = [429], "1"
    assert place.fetch(source(SMALL, server.address + "/small")) == [SMALL]


def test_wrong_bytes_are_refused_and_the_next_mirror_is_tried(place: Place, server: FileServer):
    assert place.fetch(source(SMALL, server.address + "/wrong", server.address + "/small")) == [SMALL]


def test_a_dropped_connection_goes_on_where_it_stopped(place: Place, server: FileServer):
    server.drop_after, server.drops = 3_000_000, 3
    assert place.fetch(source(LARGE, server.address + "/large")) == [LARGE]
    assert server.sent <= len(LARGE) + 3_000_000


def test_a_server_without_ranges_does(place: Place, server: FileServer):
    server.ranges = False
    assert place.fetch(source(LARGE, server.address + "/large")) == [LARGE]


def test_without_a_digest_the_bytes_are_taken_as_they_come(place: Place, server: FileServer):
    assert place.fetch(Source(path="a", addresses=(server.address + "/small",))) == [SMALL]


def test_files_on_this_disk_need_no_server(place: Place, tmp_path: Path):
    (tmp_path / "a").write_bytes(SMALL)
    assert place.fetch(source(SMALL, str(tmp_path / "a"))) == [SMALL]
    assert place.fetch(source(SMALL, f"file://{tmp_path}/a")) == [SMALL]


def test_when_nobody_has_it_each_address_is_named_with_its_reason(place: Place, server: FileServer):
    addresses = (
        server.address + "/gone",
        server.address + "/wrong",
        "/nowhere/a.bin",
        "http://127.0.0.1:9/a",
    )
    with pytest.raises(StageError) as caught:
        place.fetch(source(SMALL, *addresses))
    told = str(caught.value)
    assert "'a.bin'" in told
    assert "/gone: HTTP 404" in told
    assert "/wrong: checksum mismatch: expected SHA-256" in told
    assert "/nowhere/a.bin: the file does not exist" in told
    assert "http://127.0.0.1:9/a:" in told
    assert "\n" not in told


CLIENT = """
import sys
from pathlib import Path
from dressage import Source
from dressage.storage.download import fetch
from dressage.storage.objects import ObjectStore
folder, address, sha = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
fetch([Source(path="a", addresses=(address,), sha256=sha)], ObjectStore(folder / "objects"), folder / "partial",
      lambda *told: print(told[1], flush=True))
"""


def client(folder: Path, address: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", CLIENT, str(folder), address, sha(LARGE)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def test_a_killed_download_goes_on_where_it_stopped(place: Place, server: FileServer, tmp_path: Path):
    server.pause_s = 0.01
    process = client(tmp_path, server.address + "/large")
    eventually(lambda: server.sent > 15_000_000)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    server.pause_s, before = 0, server.sent
    assert place.fetch(source(LARGE, server.address + "/large")) == [LARGE]
    assert server.sent - before < len(LARGE) - 4_000_000


def test_a_partial_file_of_something_else_is_not_gone_on_with(
    place: Place, server: FileServer, tmp_path: Path
):
    server.pause_s = 0.01
    process = client(tmp_path, server.address + "/large")
    eventually(lambda: server.sent > 15_000_000)
    process.kill()
    process.communicate()
    server.pause_s = 0
    server.files["/large"] = LARGE[::-1]
    with pytest.raises(StageError, match="checksum mismatch: expected SHA-256"):
        place.fetch(source(LARGE, server.address + "/large"))
    server.files["/large"] = LARGE
    assert place.fetch(source(LARGE, server.address + "/large")) == [LARGE]


def test_two_processes_fetch_the_same_file_once(tmp_path: Path, server: FileServer):
    server.pause_s = 0.001
    processes = [client(tmp_path, server.address + "/large") for _ in range(2)]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    assert server.sent <= len(LARGE) + 2


def test_nothing_is_left_on_the_way_when_all_is_there(place: Place, server: FileServer):
    place.fetch(source(LARGE, server.address + "/large"))
    assert list(place.partials.iterdir()) == []


@pytest.mark.timeout(30)  # it would wait for the other for ever
def test_a_download_that_is_given_up_does_not_wait_for_who_fetches_the_same(place: Place, server: FileServer):
    with Partial(place.partials, sha(LARGE)).lock, pytest.raises(StageError, match="HTTP 404"):
        place.fetch(source(SMALL, server.address + "/gone"), source(LARGE, server.address + "/large"))


KILLED = """
import os, signal, sys
from pathlib import Path
from dressage import Source
from dressage.storage.download import fetch
from dressage.storage.objects import ObjectStore
folder, truncate, left = Path(sys.argv[1]), os.truncate, 1
def dying(*where):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    truncate(*where)
os.truncate = dying
sources = [Source(path="a", addresses=tuple(sys.argv[2:]))]
fetch(sources, ObjectStore(folder / "objects"), folder / "partial", lambda *_: None)
"""


def test_bytes_of_one_mirror_are_not_taken_for_those_of_another_after_a_kill(
    place: Place, server: FileServer, tmp_path: Path
):
    server.files["/other"] = LARGE[::-1]
    mirrors = (server.address + "/large", server.address + "/other")
    server.refuse = [0, 0, 403]  # one look, one piece; then the other mirror is begun with, and no further
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), *mirrors])
    assert killed.returncode == -signal.SIGKILL
    assert place.fetch(Source(path="a", addresses=mirrors)) == [LARGE]
