"""A cancel holds, whenever it comes."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.clients import kill_before, start_and_hold
from tests.recipes import Tiny
from tests.waiting import eventually

from dressage import Engine, StageError, hookimpl
from dressage.files.locks import is_locked
from dressage.records.requests import Submission
from dressage.records.workspace import Workspace
from dressage.results.events import StageFinished, StageStarted
from dressage.storage.compute import StoredCompute
from dressage_local.options import Options
from dressage_local.runs import LocalRuns


def test_a_queued_run_can_be_canceled(engine: Engine, tiny: Tiny, project: Path):
    first, hold = start_and_hold(engine, project, slots=1)
    waiting = engine.run("tiny", set={"slots": 1, "rate": "2"})
    eventually(lambda: waiting.status.state == "Queued")
    waiting.cancel()
    assert waiting.wait(60).state == "Canceled"
    hold.unlink()
    assert first.wait(120).state == "Completed"


def test_a_run_canceled_before_it_is_submitted_never_starts(engine: Engine, tiny: Tiny):
    def cancel(event: object) -> None:
        if isinstance(event, StageFinished) and event.stage == "environment":
            (summary,) = engine.runs()
            engine.get(summary.run_id).cancel()

    with pytest.raises(StageError, match="canceled before it was submitted"):
        engine.run("tiny", listener=cancel)
    assert [summary.status.state for summary in engine.runs()] == ["Canceled"]


def test_a_cancel_right_after_submission_holds(engine: Engine, tiny: Tiny, project: Path):
    (project / "hold").touch()
    run = engine.run("tiny", set={"hold": str(project / "hold")})
    run.cancel()  # its supervisor is still starting
    assert run.wait(20).state == "Canceled"


class Crossed(LocalRuns):
    """Somebody else cancels each run while it is handed over."""

    def submit(self, submission: Submission) -> None:
        Engine(self._workspace.root.parent).get(submission.run_id).cancel()
        super().submit(submission)


class CrossedPlugin:
    @hookimpl
    def platform(self, workspace: Workspace) -> SimpleNamespace:
        compute = StoredCompute(workspace.root / "compute")
        return SimpleNamespace(runs=Crossed(workspace, compute, Options()), compute=compute)


def test_a_cancel_while_the_run_is_submitted_holds(engine: Engine, tiny: Tiny, project: Path):
    (project / "hold").touch()
    engine.plugins.add("platform", "local", CrossedPlugin())
    run = engine.run("tiny", set={"hold": str(project / "hold")})
    eventually(lambda: not is_locked(run.path / "supervisor.lock"), 20)
    assert run.status.state == "Canceled"


def test_a_run_whose_client_was_killed_as_it_handed_it_over_can_be_canceled(
    engine: Engine, tiny: Tiny, project: Path
):
    (project / "hold").touch()
    kill_before(project, "run.submitted", f"hold={project / 'hold'}")
    run = engine.get("latest")
    run.cancel()
    eventually(lambda: not is_locked(run.folder.lock("supervisor")), 20)
    assert run.status.state == "Canceled"
    assert b"step 3" not in b"".join(run.logs())


def test_a_canceled_run_is_not_continued_because_a_stage_failed_too(engine: Engine, tiny: Tiny):
    def cancel(event: object) -> None:
        tiny.lose_data(event)
        if isinstance(event, StageStarted) and event.stage == "dataset":
            engine.get("latest").cancel()

    with pytest.raises(StageError, match=r"data\.csv"):
        engine.run("tiny", listener=cancel)
    tiny.data.write_text("1,2,3\n")
    canceled = engine.get("latest")
    assert canceled.status.state == "Canceled"
    again = engine.run("tiny")
    assert again.id != canceled.id
    assert again.wait(60).state == "Completed"
