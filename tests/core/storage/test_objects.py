"""The object store: whole or not at all, once, read-only."""

import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dressage import StageError
from dressage.storage.objects import ObjectStore


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"weights")
    return path


def test_the_same_bytes_are_kept_once(store: ObjectStore, file: Path, tmp_path: Path):
    (tmp_path / "copy").write_bytes(b"weights")
    first, second = store.add(file), store.add(tmp_path / "copy")
    assert first.sha256 == second.sha256
    assert store.path(first.sha256 or "").read_bytes() == b"weights"
    assert [path.is_file() for path in (tmp_path / "objects").rglob("*")].count(True) == 1


def test_an_object_does_not_change_with_the_file_it_came_from(store: ObjectStore, file: Path):
    added = store.add(file)
    file.write_bytes(b"changed")
    assert store.path(added.sha256 or "").read_bytes() == b"weights"


def test_a_materialised_folder_is_read_only_and_shares_the_bytes(
    store: ObjectStore, file: Path, tmp_path: Path
):
    added = store.add(file, name="deep/weights.bin")
    store.materialise([added], tmp_path / "version")
    place = tmp_path / "version" / "deep" / "weights.bin"
    assert place.stat().st_ino == store.path(added.sha256 or "").stat().st_ino
    assert [path.stat().st_mode & 0o222 for path in (place, place.parent, tmp_path / "version")] == [0, 0, 0]


def test_materialising_twice_is_harmless(store: ObjectStore, file: Path, tmp_path: Path):
    added = store.add(file)
    for _ in range(2):
        store.materialise([added], tmp_path / "version")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_copy_out_is_writable_and_repairs_what_differs(store: ObjectStore, file: Path, tmp_path: Path):
    added = store.add(file)
    for content in ("", "broken"):
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / "weights.bin").write_text(content)
        store.copy_out([added], tmp_path / "out")
        assert (tmp_path / "out" / "weights.bin").read_bytes() == b"weights"
    assert (tmp_path / "out" / "weights.bin").stat().st_mode & 0o200


def test_copies_out_into_one_folder_at_once_do_not_meet(store: ObjectStore, tmp_path: Path):
    (tmp_path / "large.bin").write_bytes(bytes(1_000_000))
    added = store.add(tmp_path / "large.bin")
    with ThreadPoolExecutor(4) as pool:
        for number in range(10):
            folder = tmp_path / "out" / str(number)
            list(pool.map(lambda folder: store.copy_out([added], folder), [folder] * 4))
            assert [path.name for path in folder.iterdir()] == ["large.bin"]


def test_a_damaged_object_is_not_handed_out(store: ObjectStore, file: Path, tmp_path: Path):
    added = store.add(file)
    path = store.path(added.sha256 or "")
    path.chmod(0o644)
    path.write_bytes(b"wXights")
    with pytest.raises(StageError, match="damaged"):
        store.copy_out([added], tmp_path / "out")


def test_what_a_killed_process_left_aside_is_swept(store: ObjectStore, file: Path, tmp_path: Path):
    code = (
        "import os, sys, signal; from pathlib import Path; from dressage.storage import objects\n"
        "objects.copy_once = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        "objects.ObjectStore(Path(sys.argv[1])).add(Path(sys.argv[2]))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "objects"), str(file)])
    assert len(list((tmp_path / "objects" / "aside").iterdir())) == 2
    added = store.add(file)
    assert list((tmp_path / "objects" / "aside").iterdir()) == []
    assert store.path(added.sha256 or "").read_bytes() == b"weights"


def test_many_that_add_at_once_do_not_sweep_each_other(store: ObjectStore, tmp_path: Path):
    for number in range(300):
        (tmp_path / str(number)).write_bytes(b"%d" % number)
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda number: store.add(tmp_path / str(number)), range(300)))
    assert [store.path(file.sha256 or "").read_text() for file in added] == [file.path for file in added]


def test_a_full_disk_is_reported_and_leaves_nothing_half(tmp_path: Path):
    """A limit on the size of files stands in for a disk without room: the same error, in the same place."""
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(1_000_000))
    code = (
        "import resource, signal, sys; from pathlib import Path; from dressage.storage.objects import ObjectStore\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "ObjectStore(Path(sys.argv[1])).add(Path(sys.argv[2]))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "objects"), str(large)], capture_output=True, text=True
    )
    assert "File too large: " in told.stderr
    assert list((tmp_path / "objects" / "aside").iterdir()) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100_000
    assert [path.name for path in (tmp_path / "objects").iterdir()] == ["aside"]
