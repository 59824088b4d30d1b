"""Snapshots of source directories: what is copied, what is left out, and what is not read again."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from dressage import SpecError
from dressage.files.stamps import Stamp
from dressage.storage.hash_cache import HashCache
from dressage.storage.snapshots import keep, take


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "lib").mkdir(parents=True)
    (folder / "train.py").write_text("print(1)\n")
    (folder / "lib" / "layers.py").write_text("x = 1\n")
    return folder


def paths(source: Path) -> list[str]:
    return [file.path for file in take(source).files]


def test_all_files_are_taken(source: Path):
    assert paths(source) == ["lib/layers.py", "train.py"]


def test_gitignore_is_honoured_in_every_folder(source: Path):
    (source / ".gitignore").write_text("*.csv\n")
    (source / "lib" / ".gitignore").write_text("*.bin\n")
    for name in ("a.csv", "lib/b.csv", "lib/c.bin", "d.bin"):
        (source / name).write_text("")
    assert paths(source) == [".gitignore", "d.bin", "lib/.gitignore", "lib/layers.py", "train.py"]


def test_a_nearer_ignore_file_may_take_back_what_a_farther_one_ignores(source: Path):
    (source / ".gitignore").write_text("*.csv\n")
    (source / "lib" / ".gitignore").write_text("!keep.csv\n")
    (source / "lib" / "keep.csv").write_text("")
    assert "lib/keep.csv" in paths(source)


def test_amlignore_goes_before_gitignore(source: Path):
    (source / ".gitignore").write_text("train.py\n")
    (source / ".amlignore").write_text("lib/\n")
    assert paths(source) == [".amlignore", ".gitignore", "train.py"]


def test_caches_and_version_control_stay_out(source: Path):
    for name in (".git", ".venv", "__pycache__", ".dressage"):
        (source / name).mkdir()
        (source / name / "file").write_text("")
    assert paths(source) == ["lib/layers.py", "train.py"]


def test_the_same_bytes_have_the_same_digest_wherever_they_lie(source: Path, tmp_path: Path):
    copy = source.rename(tmp_path / "elsewhere")
    again = tmp_path / "source"
    again.mkdir()
    (again / "lib").mkdir()
    (again / "train.py").write_text("print(1)\n")
    (again / "lib" / "layers.py").write_text("x = 1\n")
    assert take(copy).digest == take(again).digest


def test_over_300_mb_is_refused_with_what_is_large(source: Path):
    with (source / "weights.bin").open("wb") as file:
        file.truncate(301_000_000)
    with pytest.raises(SpecError, match=r"301 MB.*weights\.bin \(301 MB\).*\.amlignore"):
        take(source)


def test_the_limit_can_be_raised(source: Path):
    with (source / "weights.bin").open("wb") as file:
        file.truncate(2_000_000)
    with pytest.raises(SpecError, match="more than the limit of 1 MB"):
        take(source, limit_mb=1)
    assert len(take(source, limit_mb=3).files) == 3


def test_what_a_killed_process_left_half_copied_is_swept(source: Path, tmp_path: Path):
    (tmp_path / "snapshots" / ".left.partial").mkdir(parents=True)
    kept = keep(take(source), tmp_path / "snapshots").directory
    assert [path.name for path in (tmp_path / "snapshots").iterdir() if path.is_dir()] == [kept.name]


def test_a_kept_snapshot_is_kept_once(source: Path, tmp_path: Path):
    (tmp_path / "snapshots").mkdir()
    kept = keep(take(source), tmp_path / "snapshots")
    assert keep(take(source), tmp_path / "snapshots").directory == kept.directory
    assert (kept.directory / "lib" / "layers.py").read_text() == "x = 1\n"


def test_a_file_that_changes_before_it_is_kept_is_refused(source: Path, tmp_path: Path):
    (tmp_path / "snapshots").mkdir()
    snapshot = take(source)
    (source / "train.py").write_text("print(2)\n")
    with pytest.raises(SpecError, match=r"'train\.py' changed"):
        keep(snapshot, tmp_path / "snapshots")


class Vanishing(HashCache):
    """A cache whose files are gone when it reads them, as when an editor saves."""

    def find(self, files: Sequence[tuple[str, Stamp]]) -> list[str | None]:
        for path, _ in files:
            Path(path).unlink()
        return super().find(files)


def test_a_file_that_goes_away_while_it_is_read_is_reported(source: Path):
    (source / "lib" / "layers.py").unlink()
    with pytest.raises(
        SpecError, match=r"train\.py' was deleted while it was being read; run the command again$"
    ):
        take(source, hashes=Vanishing(source))


def test_a_file_that_goes_away_before_it_is_kept_is_reported(source: Path, tmp_path: Path):
    (tmp_path / "snapshots").mkdir()
    snapshot = take(source)
    (source / "train.py").unlink()
    with pytest.raises(SpecError, match=r"'train\.py' changed"):
        keep(snapshot, tmp_path / "snapshots")


def test_an_executable_file_stays_executable(source: Path, tmp_path: Path):
    (tmp_path / "snapshots").mkdir()
    (source / "train.py").chmod(0o755)
    kept = keep(take(source), tmp_path / "snapshots")
    assert (kept.directory / "train.py").stat().st_mode & 0o111


@pytest.mark.parametrize(
    ("pattern", "left_out"),
    [
        ("*.csv", {"a.csv", "lib/b.csv", "lib/deep/c.csv"}),
        ("/a.csv", {"a.csv"}),
        ("lib/*.csv", {"lib/b.csv"}),
        ("deep/", {"lib/deep/c.csv"}),
        ("deep", {"lib/deep/c.csv"}),
        ("**/deep/*.csv", {"lib/deep/c.csv"}),
        ("*.csv\n!b.csv", {"a.csv", "lib/deep/c.csv"}),
        ("[ab].csv", {"a.csv", "lib/b.csv"}),
        ("a.csv ", {"a.csv"}),
        ("# a.csv", set()),
    ],
)
def test_patterns_mean_what_they_mean_to_git(source: Path, pattern: str, left_out: set[str]):
    names = {"a.csv", "lib/b.csv", "lib/deep/c.csv"}
    (source / "lib" / "deep").mkdir()
    for name in names:
        (source / name).write_text("")
    (source / ".gitignore").write_text(pattern + "\n")
    assert names - set(paths(source)) == left_out
