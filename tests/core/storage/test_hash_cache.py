"""The hash cache: files with the same stamp are not read again, and a cache that cannot be used harms nothing."""

import hashlib
import os
import sqlite3
import time
from pathlib import Path

import pytest

from dressage.files.stamps import Stamp, is_settled
from dressage.storage.hash_cache import HashCache

SECOND_NS = 1_000_000_000


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def write(path: Path, text: str, *, age_s: int = 100) -> None:
    """Write a file in place, with a modification time in the past."""
    path.write_text(text)
    mtime = (time.time_ns() // SECOND_NS - age_s) * SECOND_NS + 5
    os.utime(path, ns=(mtime, mtime))


def rewrite_with_the_same_stamp(path: Path, text: str) -> None:
    mtime = path.stat().st_mtime_ns
    path.write_text(text)
    os.utime(path, ns=(mtime, mtime))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a workspace."""
    (tmp_path / "workspace.json").write_text("{}")
    return tmp_path


@pytest.fixture
def file(root: Path) -> Path:
    path = root / "data.csv"
    write(path, "first")
    return path


def test_a_file_with_the_same_stamp_is_not_read_again(root: Path, file: Path):
    HashCache(root).digest(file)
    rewrite_with_the_same_stamp(file, "other")
    assert HashCache(root).digest(file) == sha("first")


def test_a_file_of_another_size_is_read_again(root: Path, file: Path):
    HashCache(root).digest(file)
    rewrite_with_the_same_stamp(file, "longer text")
    assert HashCache(root).digest(file) == sha("longer text")


def test_a_file_with_another_modification_time_is_read_again(root: Path, file: Path):
    HashCache(root).digest(file)
    write(file, "other", age_s=50)
    assert HashCache(root).digest(file) == sha("other")


def test_a_file_with_another_inode_is_read_again(root: Path, file: Path):
    HashCache(root).digest(file)
    mtime = file.stat().st_mtime_ns
    write(root / "new", "other")
    os.utime(root / "new", ns=(mtime, mtime))
    (root / "new").replace(file)
    assert HashCache(root).digest(file) == sha("other")


def test_a_file_that_could_be_written_again_within_the_same_clock_step_is_read_again(root: Path, file: Path):
    write(file, "first", age_s=-3600)
    HashCache(root).digest(file)
    rewrite_with_the_same_stamp(file, "other")
    assert HashCache(root).digest(file) == sha("other")


@pytest.mark.parametrize(
    ("mtime_ns", "read_ns", "settled"),
    [
        (10 * SECOND_NS, 11 * SECOND_NS, False),  # whole seconds: the clock of the file system may be coarse
        (10 * SECOND_NS, 13 * SECOND_NS, True),
        (10 * SECOND_NS + 1, 10 * SECOND_NS + 50_000_000, False),
        (10 * SECOND_NS + 1, 11 * SECOND_NS, True),
        (10 * SECOND_NS + 1, 9 * SECOND_NS, False),
    ],
)
def test_a_stamp_is_trusted_once_the_clock_has_moved_on(mtime_ns: int, read_ns: int, settled: bool):
    assert is_settled(Stamp(1, mtime_ns, 1), read_ns) is settled


def test_a_workspace_can_be_moved_with_its_cache(
    root: Path, file: Path, tmp_path_factory: pytest.TempPathFactory
):
    HashCache(root).digest(file)
    rewrite_with_the_same_stamp(file, "other")
    moved = root.rename(tmp_path_factory.mktemp("elsewhere") / "moved")
    assert HashCache(moved).digest(moved / file.name) == sha("first")


def test_without_a_workspace_nothing_is_written(tmp_path: Path):
    write(tmp_path / "data.csv", "first")
    HashCache(tmp_path).digest(tmp_path / "data.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


def test_without_a_workspace_one_command_reads_a_file_once(tmp_path: Path):
    path = tmp_path / "data.csv"
    write(path, "first")
    cache = HashCache(tmp_path)
    cache.digest(path)
    rewrite_with_the_same_stamp(path, "other")
    assert cache.digest(path) == sha("first")


def test_a_cache_looks_a_file_up_once(root: Path, file: Path):
    HashCache(root).digest(file)
    cache = HashCache(root)
    cache.digest(file)
    (root / "hashes.sqlite").unlink()
    rewrite_with_the_same_stamp(file, "other")
    assert cache.digest(file) == sha("first")


def test_a_deleted_cache_is_made_again(root: Path, file: Path):
    HashCache(root).digest(file)
    (root / "hashes.sqlite").unlink()
    assert HashCache(root).digest(file) == sha("first")
    assert (root / "hashes.sqlite").exists()


def test_a_damaged_cache_is_replaced(root: Path, file: Path):
    (root / "hashes.sqlite").write_text("this is no database, but it is long enough to be read as one" * 50)
    assert HashCache(root).digest(file) == sha("first")
    HashCache(root).digest(file)
    rewrite_with_the_same_stamp(file, "other")
    assert HashCache(root).digest(file) == sha("first")


def test_a_cache_that_cannot_be_written_harms_nothing(root: Path, file: Path):
    (root / "hashes.sqlite").mkdir()
    assert HashCache(root).digest(file) == sha("first")


def test_a_locked_cache_harms_nothing(root: Path, file: Path):
    HashCache(root).digest(file)
    holder = sqlite3.connect(root / "hashes.sqlite")
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    write(root / "other.csv", "other")
    assert HashCache(root).digest(root / "other.csv") == sha("other")
    holder.close()


def test_names_that_are_not_unicode_are_known_again(root: Path):
    path = root / os.fsdecode(b"caf\xe9.csv")
    write(path, "first")
    HashCache(root).digest(path)
    rewrite_with_the_same_stamp(path, "other")
    assert HashCache(root).digest(path) == sha("first")


def test_the_digests_of_an_earlier_version_are_kept(root: Path, file: Path):
    HashCache(root).digest(file)
    with sqlite3.connect(root / "hashes.sqlite") as connection:
        connection.executescript("ALTER TABLE file DROP COLUMN checksum; PRAGMA user_version = 1")
    connection.close()
    rewrite_with_the_same_stamp(file, "other")
    assert HashCache(root).digest(file) == sha("first")
    assert HashCache(root).digest(file) == sha("first")
