"""Locks: one holder at a time, whatever becomes of the file."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dressage.files.locks import FileLock, is_locked


def test_a_lock_has_one_holder(tmp_path: Path):
    with FileLock(tmp_path / "lock"):
        assert not FileLock(tmp_path / "lock").acquire(blocking=False)


def test_a_lock_is_free_after_its_holder(tmp_path: Path):
    with FileLock(tmp_path / "lock"):
        pass
    assert FileLock(tmp_path / "lock").acquire(blocking=False)


def test_a_killed_process_holds_nothing(tmp_path: Path):
    code = "import os, sys; from pathlib import Path; from dressage.files.locks import FileLock\n"
    code += "FileLock(Path(sys.argv[1])).acquire(); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "lock")])
    assert not is_locked(tmp_path / "lock")


def test_looking_at_a_lock_tells_whether_it_is_held(tmp_path: Path):
    with FileLock(tmp_path / "lock"):
        assert is_locked(tmp_path / "lock")
    assert not is_locked(tmp_path / "lock")


def test_looking_for_a_lock_makes_no_file(tmp_path: Path):
    assert not is_locked(tmp_path / "lock")
    assert list(tmp_path.iterdir()) == []


def test_holders_that_remove_the_file_exclude_each_other(tmp_path: Path):
    inside: list[int] = []
    most = 0

    def hold(number: int) -> None:
        nonlocal most
        for _ in range(100):
            with FileLock(tmp_path / "lock") as lock:
                inside.append(number)
                most = max(most, len(inside))
                inside.remove(number)
                lock.path.unlink()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hold, range(8)))
    assert most == 1
