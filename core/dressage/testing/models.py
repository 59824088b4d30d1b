"""Models: what a completed run left is registered once, with its lineage."""

from pathlib import Path

import pytest

from dressage import StageError
from dressage.testing.platform_suite import PlatformSuite
from dressage.testing.runner import Finished, Runner

_SAVE = (
    "import pathlib; pathlib.Path('outputs/model/deep').mkdir(parents=True)\n"
    "pathlib.Path('outputs/model/deep/w').write_bytes(bytes(range(256)))\n"
    "pathlib.Path('outputs/other').write_text('no model')\n"
)


class ModelsTests(PlatformSuite):
    """The capability `models`."""

    @pytest.fixture
    def trained(self, runner: Runner) -> Finished:
        """A completed run whose model is registered."""
        self.require(runner.platform, "models")
        return runner.finish(_SAVE, model="kit-model")

    def test_a_completed_run_registers_its_model(self, runner: Runner, trained: Finished) -> None:
        version = trained.run.model
        assert version
        assert (version.name, version.version) == ("kit-model", 1)
        assert [found.name for found in runner.platform.models.list()] == ["kit-model"]
        assert version.lineage
        assert version.lineage.run_id == trained.run.id

    def test_a_downloaded_model_has_the_files_of_the_output_path(
        self, runner: Runner, trained: Finished, tmp_path: Path
    ) -> None:
        assert trained.run.model
        runner.platform.models.download(trained.run.model, tmp_path / "down")
        files = [path for path in (tmp_path / "down").rglob("*") if path.is_file()]
        assert [path.relative_to(tmp_path / "down").as_posix() for path in files] == ["deep/w"]
        assert files[0].read_bytes() == bytes(range(256))

    def test_the_same_model_is_the_same_version(self, runner: Runner, trained: Finished) -> None:
        again = runner.finish(_SAVE, model="kit-model")
        assert again.run.model
        assert trained.run.model
        assert again.run.model.version == trained.run.model.version

    def test_another_model_is_another_version(self, runner: Runner, trained: Finished) -> None:
        other = runner.finish(_SAVE.replace("range(256)", "range(255)"), model="kit-model")
        assert other.run.model
        assert other.run.model.version == 2

    def test_a_failed_run_registers_nothing(self, runner: Runner) -> None:
        self.require(runner.platform, "models")
        done = runner.finish(_SAVE + "raise SystemExit(1)", model="kit-model")
        assert done.run.model is None
        assert list(runner.platform.models.list()) == []

    def test_a_run_that_wrote_no_model_says_so(self, runner: Runner) -> None:
        self.require(runner.platform, "models")
        run = runner.start("", model="kit-model")
        try:
            reason = run.wait(self.patience_s).reason or ""
        except StageError as error:
            reason = str(error)
        assert "outputs/model" in reason
        assert list(runner.platform.models.list()) == []

    def test_a_folder_can_be_registered(self, runner: Runner, tmp_path: Path) -> None:
        self.require(runner.platform, "models")
        (tmp_path / "model").mkdir()
        (tmp_path / "model/w").write_bytes(b"1")
        versions = [
            runner.platform.models.register("kit-folder", tmp_path / "model").version for _ in range(2)
        ]
        assert versions == [1, 1]

    def test_an_empty_folder_cannot_be_registered(self, runner: Runner, tmp_path: Path) -> None:
        self.require(runner.platform, "models")
        (tmp_path / "model").mkdir()
        with pytest.raises(StageError):
            runner.platform.models.register("kit-folder", tmp_path / "model")
