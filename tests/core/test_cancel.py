"""A cancel holds, whenever it comes."""

from functools import cached_property
from pathlib import Path

import pytest
from tests.clients import held
from tests.recipes import Tiny
from tests.waiting import eventually

from dressage import Engine, StageError, hookimpl
from dressage.files.locks import is_locked
from dressage.records.requests import RunRequest
from dressage.records.workspace import Workspace
from dressage.results.events import StageFinished, StageStarted
from dressage_local.options import Options
from dressage_local.platform import LocalPlatform
from dressage_local.runs import LocalRuns


def test_a_queued_run_can_be_cancelled(engine: Engine, tiny: Tiny, project: Path):
    first, hold = held(engine, project)
    waiting = engine.run("tiny", set={"slots": 1, "rate": "2"})
    eventually(lambda: waiting.status.state == "Queued")
    waiting.cancel()
    assert waiting.wait(60).state == "Canceled"
    hold.unlink()
    assert first.wait(120).state == "Completed"


def test_a_run_cancelled_before_it_is_submitted_never_starts(engine: Engine, tiny: Tiny):
    def cancel(event: object) -> None:
        if isinstance(event, StageFinished) and event.stage == "environment":
            (summary,) = engine.runs()
            engine.get(summary.run_id).cancel()

    with pytest.raises(StageError, match="cancelled before it was submitted"):
        engine.run("tiny", listener=cancel)
    assert [summary.status.state for summary in engine.runs()] == ["Canceled"]


def test_a_cancel_right_after_submission_holds(engine: Engine, tiny: Tiny, project: Path):
    (project / "hold").touch()
    run = engine.run("tiny", set={"hold": str(project / "hold")})
    run.cancel()  # its supervisor is still starting
    assert run.wait(20).state == "Canceled"


class Crossed(LocalPlatform):
    """Somebody else cancels each run while it is handed over."""

    @cached_property
    def runs(self) -> LocalRuns:
        class Crossed(LocalRuns):
            def submit(self, request: RunRequest) -> None:
                Engine(self._workspace.root.parent).get(request.run_id).cancel()
                super().submit(request)

        return Crossed(self._workspace, self.datasets, self.environments, self.compute, self._grace_s)


class CrossedPlugin:
    @hookimpl
    def platform(self, workspace: Workspace) -> LocalPlatform:
        return Crossed(workspace, Options())


def test_a_cancel_while_the_run_is_submitted_holds(engine: Engine, tiny: Tiny, project: Path):
    (project / "hold").touch()
    engine.plugins.add("platform", "local", CrossedPlugin())
    run = engine.run("tiny", set={"hold": str(project / "hold")})
    eventually(lambda: not is_locked(run.folder / "supervisor.lock"), 20)
    assert run.status.state == "Canceled"


def test_a_cancelled_run_is_not_continued_because_a_stage_failed_too(engine: Engine, tiny: Tiny):
    def cancel(event: object) -> None:
        if isinstance(event, StageStarted) and event.stage == "dataset":
            engine.get("latest").cancel()

    tiny.data.unlink()
    with pytest.raises(StageError, match=r"data\.csv"):
        engine.run("tiny", listener=cancel)
    tiny.data.write_text("1,2,3\n")
    cancelled = engine.get("latest")
    assert cancelled.status.state == "Canceled"
    again = engine.run("tiny")
    assert again.id != cancelled.id
    assert again.wait(60).state == "Completed"
