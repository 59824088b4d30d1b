"""Datasets: the same bytes are the same version, also after a crash and from several processes."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from dressage import FileDataset, Source, StageError
from dressage.files.encoding import to_json
from dressage.hooks.proxy import PlatformProxy
from dressage.testing.platform_suite import Arguments, PlatformSuite, make_dataset
from dressage.testing.processes import Processes
from dressage.testing.trees import find_differences, read_tree

FILES = {"a.csv": b"1,2\n", "deep/b c.bin": bytes(range(256)) * 100, "leer-ü": b""}


class DatasetsTests(PlatformSuite):
    """The capability `datasets`."""

    @pytest.fixture
    def data(self, tested: PlatformProxy, tmp_path: Path) -> FileDataset:
        """A dataset that is not registered yet."""
        self.require(tested, "datasets")
        return make_dataset(tmp_path / "data", FILES)

    def test_files_become_a_version(self, tested: PlatformProxy, data: FileDataset) -> None:
        version = tested.datasets.ensure(data, ignore)
        assert (version.name, version.version) == ("kit-data", 1)
        assert [found.version for found in tested.datasets.list("kit-data")] == [1]
        files = {file.path: file.size for file in tested.datasets.files(version)}
        assert sorted(files) == sorted(FILES)
        assert all(size in (len(FILES[path]), None) for path, size in files.items())

    def test_the_same_files_are_the_same_version(self, tested: PlatformProxy, data: FileDataset) -> None:
        first = tested.datasets.ensure(data, ignore)
        again = tested.datasets.ensure(data, ignore)
        assert (again.version, again.digest) == (first.version, first.digest)
        assert len(tested.datasets.list("kit-data")) == 1

    def test_changed_files_are_a_new_version(
        self, tested: PlatformProxy, data: FileDataset, tmp_path: Path
    ) -> None:
        tested.datasets.ensure(data, ignore)
        (tmp_path / "data/a.csv").write_bytes(b"1,2,3\n")
        assert tested.datasets.ensure(data, ignore).version == 2
        assert sorted(found.version for found in tested.datasets.list("kit-data")) == [1, 2]

    def test_files_from_before_are_the_version_from_before(
        self, tested: PlatformProxy, data: FileDataset, tmp_path: Path
    ) -> None:
        first = tested.datasets.ensure(data, ignore)
        (tmp_path / "data/a.csv").write_bytes(b"1,2,3\n")
        tested.datasets.ensure(data, ignore)
        (tmp_path / "data/a.csv").write_bytes(FILES["a.csv"])
        assert tested.datasets.ensure(data, ignore).version == first.version

    def test_a_dataset_plan_says_what_ensure_does_and_changes_nothing(
        self,
        tested: PlatformProxy,
        data: FileDataset,
        tmp_path: Path,
        read_remote: Callable[[], object],
    ) -> None:
        before, remote = read_tree(tmp_path), read_remote()
        assert tested.datasets.plan(data).action in ("create", "upload")
        assert find_differences(before, read_tree(tmp_path)) == []
        assert read_remote() == remote
        version = tested.datasets.ensure(data, ignore)
        plan = tested.datasets.plan(data)
        assert (plan.action, plan.version, plan.key) == ("reuse", version.version, version.digest)

    def test_downloaded_files_are_the_same(
        self, tested: PlatformProxy, data: FileDataset, tmp_path: Path
    ) -> None:
        tested.datasets.download(tested.datasets.ensure(data, ignore), tmp_path / "down")
        found = [path for path in (tmp_path / "down").rglob("*") if path.is_file()]
        assert {path.relative_to(tmp_path / "down").as_posix(): path.read_bytes() for path in found} == FILES

    def test_a_version_outlives_its_sources(
        self, tested: PlatformProxy, data: FileDataset, tmp_path: Path
    ) -> None:
        version = tested.datasets.ensure(data, ignore)
        for path in FILES:
            (tmp_path / "data" / path).unlink()
        tested.datasets.download(version, tmp_path / "down")
        assert (tmp_path / "down/a.csv").read_bytes() == FILES["a.csv"]

    def test_a_missing_source_is_named_in_one_line(self, tested: PlatformProxy, tmp_path: Path) -> None:
        self.require(tested, "datasets")
        missing = str(tmp_path / "nothing.csv")
        wanted = FileDataset(name="kit-none", sources=(Source(path="a", addresses=(missing,)),))
        with pytest.raises(StageError, match=r"nothing\.csv") as raised:
            tested.datasets.ensure(wanted, ignore)
        assert "\n" not in str(raised.value)
        assert not tested.datasets.list("kit-none")

    def test_a_wrong_checksum_registers_nothing(
        self, tested: PlatformProxy, data: FileDataset, tmp_path: Path
    ) -> None:
        source = Source(
            path="a.csv",
            addresses=(str(tmp_path / "data/a.csv"),),
            sha256=hashlib.sha256(b"other").hexdigest(),
        )
        with pytest.raises(StageError):
            tested.datasets.ensure(FileDataset(name="kit-wrong", sources=(source,)), ignore)
        assert not tested.datasets.list("kit-wrong")

    def test_progress_never_goes_back(self, tested: PlatformProxy, data: FileDataset) -> None:
        seen: dict[str, list[int]] = {}
        tested.datasets.ensure(data, lambda what, done, total: seen.setdefault(what, []).append(done))
        assert all(done == sorted(done) for done in seen.values())

    def test_processes_that_register_at_once_make_one_version(
        self, tested: PlatformProxy, data: FileDataset, processes: Processes
    ) -> None:
        answers = processes.call_at_once("dataset", [to_json(data)] * 4)
        assert {answer["version"] for answer in answers} == {1}
        assert [found.version for found in tested.datasets.list("kit-data")] == [1]

    def test_a_registration_that_is_killed_anywhere_can_be_repeated(
        self, tested: PlatformProxy, data: FileDataset, processes: Processes, tmp_path: Path
    ) -> None:
        made = Arguments(lambda n: to_json(make_dataset(tmp_path / f"data-{n}", FILES, name=f"kit-data-{n}")))
        self.kill_and_repeat(processes, "dataset", made)
        for number in range(len(made.made)):
            (version,) = tested.datasets.list(f"kit-data-{number}")
            assert version.version == 1
            tested.datasets.download(version, tmp_path / f"down-{number}")
            assert (tmp_path / f"down-{number}/deep/b c.bin").read_bytes() == FILES["deep/b c.bin"]


def ignore(what: str, done: int, total: int | None) -> None:
    """Take no notice of progress."""
