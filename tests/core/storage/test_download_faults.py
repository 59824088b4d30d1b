"""Downloads from servers that lie: the right bytes are kept, or none and an error says why."""

import random
import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from tests.downloads import Place, sha, source
from tests.faultserver import FaultServer, other, serve_faults

from dressage import Source, StageError
from dressage.specs.downloads import DownloadLimits
from dressage.storage.download import transfer
from dressage.storage.download.partial import Partial

DATA = random.Random(1).randbytes(300_000)
IMPATIENT = DownloadLimits(stall_seconds=0.5)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with serve_faults({"/a.bin": DATA, "/empty.bin": b""}) as state:
        yield state


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(transfer, "_PIECE_BYTES", 64 << 10)


def unknown(server: FaultServer, path: str = "/a.bin") -> Source:
    """Return a source whose digest and size are not known."""
    return Source(path="a.bin", addresses=(server.address + path,))


def refuse(place: Place, wanted: Source, limits: DownloadLimits = IMPATIENT) -> str:
    """Return why the download fails. Nothing is kept."""
    with pytest.raises(StageError) as caught:
        place.fetch(wanted, limits=limits)
    assert place.kept == []
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_honest_server_is_believed(place: Place, server: FaultServer):
    assert place.fetch(unknown(server)) == [DATA]


@pytest.mark.parametrize(
    "fault",
    [
        "another range",
        "206 without Content-Range",
        "malformed Content-Range",
        "wrong total",
        "chunked, too long",
        "changed",
        "range ignored",
        "status 416",
        "closed at once",
        "closed after 10 bytes",
        "Content-Length too long",
        "Content-Length too short",
        "chunked, cut off",
        "status 503",
    ],
)
def test_after_a_lie_about_a_range_the_right_bytes_come(place: Place, server: FaultServer, fault: str):
    server.faults = ["honest", fault]  # a look at the first byte, and the file
    assert place.fetch(unknown(server)) == [DATA]


@pytest.mark.parametrize(
    "fault", ["another range", "206 without Content-Range", "malformed Content-Range", "206 for all"]
)
def test_a_server_that_always_lies_about_ranges_is_refused(place: Place, server: FaultServer, fault: str):
    server.always = fault
    assert "HTTP 206, although no range was requested" in refuse(place, unknown(server))


@pytest.mark.parametrize("status", [203, 204, 205, 300, 304, 401, 404])
def test_a_status_that_does_not_mean_the_file_is_refused(place: Place, server: FaultServer, status: int):
    server.always = f"status {status}"
    assert f"HTTP {status}" in refuse(place, unknown(server))


@pytest.mark.parametrize("status", [203, 204, 205])
def test_a_range_with_a_status_that_does_not_mean_the_file_is_refused(
    place: Place, server: FaultServer, status: int
):
    server.faults = ["honest"]
    server.always = f"status {status}"
    assert f"HTTP {status}" in refuse(place, unknown(server))


def test_a_redirect_without_a_target_is_named(place: Place, server: FaultServer):
    server.always = "status 302"
    assert "HTTP 302 without a Location" in refuse(place, unknown(server))


def test_a_file_that_changes_during_the_download_comes_from_one_version(
    place: Place, server: FaultServer, small_pieces: None
):
    server.faults = ["honest", "honest", "changed", "honest", "changed"]
    assert place.fetch(unknown(server)) == [DATA]


def test_a_server_that_serves_two_versions_by_ranges_is_asked_for_the_whole_file(
    place: Place, server: FaultServer
):
    server.faults = ["honest", "changed"] * 2
    assert place.fetch(unknown(server)) == [DATA]
    assert server.asked[-1] == ("/a.bin", None)


def test_ranges_are_not_joined_if_only_a_weak_etag_identifies_them(
    place: Place, server: FaultServer, small_pieces: None
):
    server.headers = {"ETag": 'W/"1"'}
    server.faults = ["honest", "honest", "changed, same weak ETag"]
    assert place.fetch(unknown(server)) == [DATA]
    assert [asked for _, asked in server.asked] == ["bytes=0-0", None]


def test_ranges_are_not_joined_by_a_date_in_the_same_second(
    place: Place, server: FaultServer, small_pieces: None
):
    now = "Mon, 30 Nov 2026 10:00:00 GMT"
    server.headers = {"ETag": None, "Last-Modified": now, "Date": now}
    assert place.fetch(unknown(server)) == [DATA]
    assert [asked for _, asked in server.asked] == ["bytes=0-0", None]


def test_ranges_are_joined_by_an_older_date(place: Place, server: FaultServer, small_pieces: None):
    server.headers = {"ETag": None, "Last-Modified": "Mon, 30 Nov 2020 10:00:00 GMT"}
    assert place.fetch(unknown(server)) == [DATA]
    assert len(server.asked) == 1 + 5


def test_ranges_are_joined_without_a_validator_if_the_digest_is_known(
    place: Place, server: FaultServer, small_pieces: None
):
    server.headers = {"ETag": None}
    server.faults = ["honest", "closed after 10 bytes"]
    assert place.fetch(source(DATA, server.address + "/a.bin")) == [DATA]
    assert None not in [asked for _, asked in server.asked]


@pytest.mark.parametrize("fault", ["compressed", "said to be compressed"])
def test_a_compressed_body_is_refused_if_no_digest_is_known(place: Place, server: FaultServer, fault: str):
    server.always = fault
    told = refuse(place, unknown(server))
    assert "Content-Encoding 'gzip', which was not requested; declare the file's sha256" in told


def test_a_file_that_is_only_said_to_be_compressed_is_taken_as_it_is_if_its_digest_is_known(
    place: Place, server: FaultServer
):
    server.always = "said to be compressed"
    assert place.fetch(source(DATA, server.address + "/a.bin")) == [DATA]


def test_a_compressed_body_does_not_have_the_digest(place: Place, server: FaultServer):
    server.always = "compressed"
    wanted = Source(path="a.bin", addresses=(server.address + "/a.bin",), sha256=sha(DATA))
    assert "checksum mismatch" in refuse(place, wanted)


@pytest.mark.parametrize("fault", ["chunked, cut off", "closed after 10 bytes", "Content-Length too long"])
def test_a_body_that_always_ends_early_is_refused(place: Place, server: FaultServer, fault: str):
    server.headers = {"ETag": None}
    server.always = fault
    assert "a.bin" in refuse(place, unknown(server))


def test_a_body_whose_end_is_not_marked_is_refused_if_nothing_tells_that_it_is_whole(
    place: Place, server: FaultServer
):
    server.always = "no length"
    assert "does not say how long the file is; declare its sha256" in refuse(place, unknown(server))
    assert place.fetch(source(DATA, server.address + "/a.bin")) == [DATA]


def test_a_body_without_a_marked_end_that_is_cut_off_does_not_have_the_size(
    place: Place, server: FaultServer
):
    server.always = "no length, cut off"
    wanted = Source(path="a.bin", addresses=(server.address + "/a.bin",), size=len(DATA))
    assert "has 10 bytes, expected 300000" in refuse(place, wanted)


def test_a_chunked_file_is_taken(place: Place, server: FaultServer):
    server.faults, server.always = ["range ignored"], "chunked"
    assert place.fetch(unknown(server)) == [DATA]


def test_an_empty_file_is_taken(place: Place, server: FaultServer):
    assert place.fetch(unknown(server, "/empty.bin")) == [b""]


@pytest.mark.parametrize("fault", ["honest", "range ignored"])
def test_a_file_of_another_size_is_refused_before_it_is_downloaded(
    place: Place, server: FaultServer, fault: str
):
    server.always = fault
    wanted = Source(path="a.bin", addresses=(server.address + "/a.bin",), size=5)
    assert "the server's file has 300000 bytes, expected 5" in refuse(place, wanted)
    assert place.told == [] or max(place.told)[0] == 0


def test_more_bytes_than_the_size_are_not_waited_for(place: Place, server: FaultServer):
    server.faults, server.always = ["range ignored"], "chunked"
    wanted = Source(path="a.bin", addresses=(server.address + "/a.bin",), size=5)
    assert "more than the expected 5 bytes" in refuse(place, wanted)


def test_a_local_file_of_another_size_is_refused(place: Place, tmp_path: Path):
    (tmp_path / "a").write_bytes(DATA)
    told = refuse(place, Source(path="a", addresses=(str(tmp_path / "a"),), size=5))
    assert "the file has 300000 bytes, expected 5" in told


def test_a_file_that_the_disk_has_no_room_for_is_refused_before_anything_is_written(
    place: Place, server: FaultServer
):
    server.always = "huge total"
    told = refuse(place, unknown(server))
    assert re.search(r"the file has 1\d{17} bytes, but '.*partial' has room for \d+; free some space", told)
    assert not [path for path in place.partials.iterdir() if path.suffix != ".lock"]


def test_a_web_page_in_place_of_data_is_refused(place: Place, server: FaultServer):
    server.always = "web page"
    assert "the server sent a web page (text/html), such as a login" in refuse(place, unknown(server))


def test_a_web_page_is_named_if_the_digest_is_another(place: Place, server: FaultServer):
    server.always = "web page"
    wanted = Source(path="a.bin", addresses=(server.address + "/a.bin",), sha256=sha(DATA))
    assert "checksum mismatch" in (told := refuse(place, wanted))
    assert "the server sent a web page" in told


def test_a_web_page_is_taken_where_one_is_expected(place: Place, server: FaultServer):
    server.files["/index.html"], server.always = b"x", "web page"
    assert place.fetch(unknown(server, "/index.html")) == [b"<html>Please log in</html>"]


def test_a_server_that_sends_a_byte_now_and_then_is_given_up(place: Place, server: FaultServer):
    server.always = "one byte at a time"
    told = refuse(place, unknown(server))
    assert re.search(r"too slow: \d+ bytes in 0\.\d+ s \(min_bytes_per_second = 100 in \[downloads\]\)", told)


def test_after_a_slow_mirror_the_next_one_is_tried(place: Place, server: FaultServer):
    with serve_faults({"/a.bin": DATA}) as slow:
        slow.always = "one byte at a time"
        wanted = Source(path="a.bin", addresses=(slow.address + "/a.bin", server.address + "/a.bin"))
        assert place.fetch(wanted, limits=IMPATIENT) == [DATA]


def test_a_file_that_takes_too_long_is_given_up(place: Place, server: FaultServer):
    server.always = "one byte at a time"
    limits = DownloadLimits(min_bytes_per_second=0, timeout_seconds=0.5)
    told = refuse(place, unknown(server), limits)
    assert "not complete in time (timeout_seconds = 0.5 in [downloads])" in told


def test_a_server_that_closes_each_connection_is_asked_for_the_rest(place: Place, server: FaultServer):
    server.files["/a.bin"] = data = random.Random(2).randbytes(1_000_000)
    server.always = "closed after 100 kB"
    assert place.fetch(unknown(server)) == [data]


def test_a_server_that_closes_each_connection_at_once_is_given_up(place: Place, server: FaultServer):
    server.faults, server.always = ["honest"], "closed at once"
    assert "a.bin" in refuse(place, unknown(server))


def test_a_redirect_is_followed(place: Place, server: FaultServer):
    server.redirects["/from"] = (302, "/a.bin")
    assert place.fetch(unknown(server, "/from")) == [DATA]


def test_redirects_in_a_circle_are_refused(place: Place, server: FaultServer):
    server.redirects = {"/from": (302, "/to"), "/to": (302, "/from")}
    assert "redirected more than 20 times" in refuse(place, unknown(server, "/from"))


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/a.bin"])
def test_a_redirect_to_something_else_than_a_web_address_is_refused(
    place: Place, server: FaultServer, target: str
):
    server.redirects["/from"] = (302, target)
    assert "which is not a web address" in refuse(place, unknown(server, "/from"))


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    """A server with HTTPS."""
    authority, certificates = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(certificates)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with serve_faults({"/a.bin": DATA}, certificates=certificates) as state:
        yield state


def test_a_redirect_from_http_to_https_is_followed(place: Place, server: FaultServer, secure: FaultServer):
    server.redirects["/from"] = (301, secure.address + "/a.bin")
    assert place.fetch(unknown(server, "/from")) == [DATA]


def test_a_redirect_from_https_to_http_is_refused(place: Place, server: FaultServer, secure: FaultServer):
    secure.redirects["/from"] = (301, server.address + "/a.bin")
    assert "redirected from https to 'http://127.0.0.1'" in refuse(place, unknown(secure, "/from"))
    assert server.asked == []


def test_a_redirect_from_https_to_http_is_refused_after_others(
    place: Place, server: FaultServer, secure: FaultServer
):
    server.redirects["/from"] = (302, secure.address + "/first")
    secure.redirects = {"/first": (302, "/second"), "/second": (302, server.address + "/a.bin")}
    assert "redirected from https to 'http://127.0.0.1'" in refuse(place, unknown(server, "/from"))


def test_a_part_of_one_mirror_is_not_completed_from_another(place: Place, server: FaultServer):
    with serve_faults({"/a.bin": other(DATA)}) as mirror:
        mirror.faults, mirror.always = ["honest", "closed after 10 bytes"], "status 404"
        wanted = Source(path="a.bin", addresses=(mirror.address + "/a.bin", server.address + "/a.bin"))
        assert place.fetch(wanted) == [DATA]


def half_done(place: Place, server: FaultServer) -> Partial:
    """Leave half of the file, as a killed download does."""
    address = server.address + "/a.bin"
    server.faults, server.always = ["honest", "closed after 100 kB"], "status 404"
    with pytest.raises(StageError):
        place.fetch(Source(path="a.bin", addresses=(address,)))
    server.faults, server.always = [], "honest"
    server.asked.clear()
    return Partial(place.partials, next(path.stem for path in place.partials.glob("*.json")))


def test_a_partial_file_is_continued(place: Place, server: FaultServer):
    half_done(place, server)
    assert place.fetch(unknown(server)) == [DATA]
    assert [asked for _, asked in server.asked] == ["bytes=0-0", "bytes=100000-299999"]


def test_a_partial_file_of_an_earlier_version_is_not_continued(place: Place, server: FaultServer):
    half_done(place, server)
    server.files["/a.bin"] = other(DATA)
    assert place.fetch(unknown(server)) == [other(DATA)]


def test_a_partial_file_that_is_too_long_is_shortened(place: Place, server: FaultServer):
    partial = half_done(place, server)
    with partial.path.open("ab") as file:
        file.write(b"x" * len(DATA))
    assert place.fetch(unknown(server)) == [DATA]


def test_a_partial_file_that_is_shorter_than_its_note_is_not_continued(place: Place, server: FaultServer):
    partial = half_done(place, server)
    partial.path.write_bytes(b"x")
    assert place.fetch(unknown(server)) == [DATA]


@pytest.mark.parametrize("note", ["", "[]", '{"done": 5}', '{"done": [["a"]], "source": {}}'])
def test_a_damaged_note_of_a_partial_file_is_not_believed(place: Place, server: FaultServer, note: str):
    partial = half_done(place, server)
    partial.path.with_name(f"{partial.path.name}.json").write_text(note)
    assert place.fetch(unknown(server)) == [DATA]


def test_a_complete_partial_file_is_not_requested_again(place: Place, server: FaultServer):
    partial = Partial(place.partials, half_done(place, server).path.name)
    note = partial.path.with_name(f"{partial.path.name}.json")
    partial.path.write_bytes(DATA)
    note.write_text(note.read_text().replace("100000", "300000"))
    assert place.fetch(unknown(server)) == [DATA]
    assert [asked for _, asked in server.asked] == ["bytes=0-0"]


def test_a_note_of_an_earlier_boot_is_not_believed_without_a_digest(
    place: Place, server: FaultServer, monkeypatch: pytest.MonkeyPatch
):
    half_done(place, server)
    monkeypatch.setattr("dressage.storage.download.partial.read_boot", lambda: "a later boot")
    assert place.fetch(unknown(server)) == [DATA]
    assert [asked for _, asked in server.asked] == ["bytes=0-0", "bytes=0-299999"]
