"""Registering files of this machine: each byte is read once, unchanged files are not read."""

import hashlib
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.recipes import Tiny

from dressage import Engine, FileDataset, Source, StageError
from dressage.files.copying import ChangedError, copy_once
from dressage.results.versions import DatasetVersion

SIZE = 20_000_000

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/io").exists(), reason="counts the bytes that Linux reads"
)


def bytes_read() -> int:
    """Return how many bytes this process has read from files."""
    return int(Path("/proc/self/io").read_text().split()[1])


def write(path: Path, data: bytes) -> None:
    """Write a file that was last modified a while ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (1_700_000_000.25, 1_700_000_000.25))


def dataset(*paths: Path) -> FileDataset:
    return FileDataset(
        name="d", sources=tuple(Source(path=path.name, addresses=(str(path),)) for path in paths)
    )


Register = Callable[..., DatasetVersion]


@pytest.fixture
def register(engine: Engine) -> Register:
    """A function that registers files."""
    engine.workspace.create()
    return lambda *paths: engine.platform().datasets.ensure(dataset(*paths), lambda *_: None)


@pytest.fixture
def large(project: Path) -> Path:
    path = project / "large.bin"
    write(path, random.Random(0).randbytes(SIZE))
    return path


def test_a_new_file_is_read_once(register: Register, large: Path):
    before = bytes_read()
    register(large)
    assert SIZE <= bytes_read() - before < SIZE * 1.1


def test_an_unchanged_file_is_not_read(register: Register, large: Path):
    register(large)
    before = bytes_read()
    register(large)
    assert bytes_read() - before < SIZE / 10


def test_an_unchanged_file_is_not_read_for_a_plan(engine: Engine, register: Register, large: Path):
    register(large)
    before = bytes_read()
    assert engine.platform().datasets.plan(dataset(large)).action == "reuse"
    assert bytes_read() - before < SIZE / 10


def test_a_file_under_another_name_is_not_stored_twice(engine: Engine, register: Register, large: Path):
    copy = large.with_name("copy.bin")
    write(copy, large.read_bytes())
    register(large, copy)
    folder = engine.workspace.root / "datasets" / "d" / "1"
    assert (folder / "copy.bin").stat().st_ino == (folder / "large.bin").stat().st_ino


def test_a_registered_file_needs_no_second_copy(engine: Engine, register: Register, large: Path):
    register(large)
    files = [path for path in engine.workspace.root.rglob("*") if path.is_file() and not path.is_symlink()]
    used = {path.stat().st_ino: path.stat().st_blocks * 512 for path in files}
    assert sum(used.values()) < SIZE * 1.1


def test_a_file_that_was_changed_makes_a_new_version(register: Register, project: Path):
    for number in (1, 2):
        write(project / "a.csv", b"1" * number)
        assert register(project / "a.csv").version == number


def test_progress_has_the_total_from_the_start(engine: Engine, project: Path):
    seen: list[tuple[int, int | None]] = []
    for name in ("a", "b"):
        write(project / name, b"12345")
    engine.workspace.create()
    files = dataset(project / "a", project / "b")
    engine.platform().datasets.ensure(files, lambda _, done, total: seen.append((done, total)))
    assert seen == [(5, 10), (10, 10)]


def test_many_files_are_registered_in_their_folders(engine: Engine, project: Path):
    names = [f"{number % 7}/deep/{number}" for number in range(300)]
    for name in names:
        write(project / "data" / name, name.encode())
    sources = tuple(Source(path=name, addresses=(str(project / "data" / name),)) for name in names)
    engine.workspace.create()
    engine.platform().datasets.ensure(FileDataset(name="d", sources=sources), lambda *_: None)
    folder = engine.workspace.root / "datasets" / "d" / "1"
    assert [(folder / name).read_text() for name in names] == names
    assert list((engine.workspace.root / "objects" / "aside").iterdir()) == []


def test_the_next_address_is_used_if_a_local_file_has_other_bytes(engine: Engine, project: Path):
    write(project / "wrong", b"wrong")
    write(project / "right", b"right")
    addresses = (str(project / "wrong"), str(project / "right"))
    source = Source(path="a", addresses=addresses, sha256=hashlib.sha256(b"right").hexdigest())
    engine.workspace.create()
    version = engine.platform().datasets.ensure(FileDataset(name="d", sources=(source,)), lambda *_: None)
    assert version.files[0].sha256 == source.sha256


def test_a_file_that_changes_while_it_is_copied_is_refused(engine: Engine, large: Path):
    engine.workspace.create()

    def change(*_: object) -> None:
        with large.open("ab") as file:
            file.write(b"more")

    with pytest.raises(
        StageError, match=r"large\.bin' changed while it was being copied; run the command again"
    ):
        engine.platform().datasets.ensure(dataset(large), change)


def test_a_plan_without_a_workspace_creates_none(engine: Engine, tiny: Tiny):
    engine.plan("tiny")
    assert not engine.workspace.root.exists()


@pytest.mark.parametrize("size", [0, 1, 4096, 300_000, 64 << 20, (64 << 20) + 4097])
def test_a_copy_has_the_bytes_and_the_digest(tmp_path: Path, size: int):
    with (tmp_path / "a").open("wb") as file:
        file.truncate(size)
        file.write(b"start"[:size])
        file.seek(max(0, size - 3))
        file.write(b"end"[:size])
    copied = copy_once(str(tmp_path / "a"), str(tmp_path / "b"))
    digest = hashlib.sha256((tmp_path / "b").read_bytes()).hexdigest()
    assert (tmp_path / "b").read_bytes() == (tmp_path / "a").read_bytes()
    assert copied.sha256 == digest


def test_a_copy_of_a_file_with_another_stamp_is_refused(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"1")
    stamp = copy_once(str(tmp_path / "a"), str(tmp_path / "b")).source
    (tmp_path / "a").write_bytes(b"22")
    with pytest.raises(ChangedError):
        copy_once(str(tmp_path / "a"), str(tmp_path / "c"), expected=stamp)
