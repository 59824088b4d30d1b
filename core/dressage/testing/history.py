"""The runs that a platform keeps for other machines, if it keeps any."""

import pytest

from dressage import Engine, NotFoundError
from dressage.platforms.protocols import History
from dressage.testing.platform_suite import PlatformSuite
from dressage.testing.runner import Finished, Runner
from dressage.testing.runs import UNKNOWN

_SAVE = "import pathlib; pathlib.Path('outputs/model').mkdir(); pathlib.Path('outputs/model/w').touch()\n"


class HistoryTests(PlatformSuite):
    """The optional methods `runs.list_runs`, `runs.find` and `runs.describe`."""

    @pytest.fixture
    def kept(self, runner: Runner) -> Finished:
        """A completed run that the platform keeps."""
        if runner.platform.optional(History) is None:
            pytest.skip(f"platform {runner.name!r} has no 'runs.list_runs'")
        return runner.finish(_SAVE, model="kit-model")

    def test_another_workspace_makes_the_same_record(
        self, runner: Runner, kept: Finished, engine: Engine
    ) -> None:
        """The other workspace is that of an engine in a folder below, which has none yet."""
        folder = runner.project / "elsewhere"
        folder.mkdir()
        environ = {**engine.environ, "DRESSAGE_WORKSPACE": str(folder / "workspace")}
        other = Engine(runner.project, environ=environ).get(kept.run.id, on=runner.name)
        assert (other.id, other.status.state) == (kept.run.id, kept.status.state)
        assert (other.request.key, other.model) == (kept.run.request.key, kept.run.model)
        assert b"".join(other.logs()) == kept.log

    def test_a_run_is_listed_and_found_by_its_inputs(self, runner: Runner, kept: Finished) -> None:
        history: History = runner.platform.optional(History)
        assert kept.run.id in [listed.run_id for listed in history.list_runs(5)]
        assert not history.list_runs(5, tags={"kit": "no run has this tag"})
        submission = kept.run.folder.refresh().the_submission()
        assert submission
        found = history.find(submission.training)
        assert found
        assert found.run_id == kept.run.id

    def test_a_run_that_it_does_not_have_is_not_described(self, runner: Runner) -> None:
        history: History | None = runner.platform.optional(History)
        if history is None:
            pytest.skip(f"platform {runner.name!r} has no 'runs.describe'")
        with pytest.raises(NotFoundError):
            history.describe(UNKNOWN)
