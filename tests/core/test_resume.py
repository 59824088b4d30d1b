"""Going on with a run: after a failure, from where one is, beside others."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.clients import count_results, start_client
from tests.fixtures import WriteScript
from tests.recipes import Tiny

from dressage import Engine, PluginError, StageError
from dressage.records.journal import Journal
from dressage.records.run_folder import RunFolder
from dressage.results.entries import RunSubmitted
from dressage.results.events import StageFinished


def attempts(journal: Journal) -> list[int]:
    """The attempts that were submitted."""
    return [event.attempt for event in journal.events() if isinstance(event, RunSubmitted)]


def test_a_failed_script_is_not_continued_by_the_same_request_but_by_resume(engine: Engine, tiny: Tiny):
    (tiny.source / "train.py").write_text("raise SystemExit(5)")
    first = engine.run("tiny")
    assert first.wait(60).exit_code == 5
    second = engine.run("tiny")
    second.wait(60)
    assert second.id != first.id
    assert engine.resume(first.id).wait(60).exit_code == 5
    assert attempts(first.folder.journal) == [1, 2]


def test_a_stage_that_fails_leaves_the_run_to_be_continued(engine: Engine, tiny: Tiny, project: Path):
    with pytest.raises(Exception, match=r"data\.csv"):
        engine.run("tiny", listener=tiny.lose_data)
    tiny.data.write_text("1,2,3\n")
    assert engine.run("tiny").wait(120).state == "Completed"
    assert count_results(engine) == (1, 1, 1)


def test_a_failed_run_is_resumed_while_its_handle_still_lives(engine: Engine, script: WriteScript):
    path = script("import pathlib, sys; sys.exit(0 if pathlib.Path(sys.argv[1]).exists() else 3)")
    run = engine.run("script", set={"path": str(path), "arguments": str(path.parent / "there")})
    b"".join(run.logs(follow=True))  # nobody has waited for it: the handle attends it still
    (path.parent / "there").touch()
    assert engine.resume(run.id).wait(60).state == "Completed"


@pytest.mark.parametrize("end", ["Failed", "Canceled"])
def test_an_attempt_that_is_prepared_again_has_not_ended(tmp_path: Path, end: str):
    folder = RunFolder(tmp_path)
    folder.enter(1, end)
    assert folder.has_ended(1)
    folder.enter(1, "Preparing")
    assert not folder.has_ended(1)
    assert not folder.was_canceled(1)


def test_an_attempt_that_a_platform_starts_itself_is_submitted_once_it_is_recorded(tmp_path: Path):
    folder = RunFolder(tmp_path)
    folder.journal.append("run.resumed", attempt=2, retry=True)  # a client may look before the next event
    assert folder.refresh().is_submitted


@pytest.mark.timeout(30)  # it would wait for itself
def test_a_client_that_catches_an_error_can_resume_at_once(engine: Engine, tiny: Tiny):
    try:
        engine.run("tiny", listener=tiny.lose_data)
    except StageError:
        tiny.data.write_text("1,2,3\n")
        assert engine.resume("latest").wait(20).state == "Completed"
    assert count_results(engine) == (1, 1, 1)


def block_queue(engine: Engine) -> Callable[[object], None]:
    """A listener that makes a run fail as it is handed over: a file is in the place of its queue."""

    def listen(event: object) -> None:
        if isinstance(event, StageFinished) and event.stage == "environment":
            queue_of(engine).touch()

    return listen


def queue_of(engine: Engine) -> Path:
    return engine.workspace.root / "compute" / "small.queue"


def test_an_exception_that_is_kept_does_not_hold_up_the_queue(engine: Engine, tiny: Tiny, project: Path):
    with pytest.raises(PluginError, match=r"runs\.submit: FileExistsError|NotADirectoryError") as kept:
        engine.run("tiny", set={"slots": 1, "rate": "0.5"}, listener=block_queue(engine))
    assert engine.get("latest").status.reason == str(kept.value)
    queue_of(engine).unlink()
    assert engine.run("tiny", set={"slots": 1}).wait(20).state == "Completed"
    assert kept.tb


@pytest.mark.timeout(30)  # it would wait for itself
def test_a_run_that_could_not_be_handed_over_may_be_tried_again_at_once(
    engine: Engine, tiny: Tiny, project: Path
):
    try:
        engine.run("tiny", listener=block_queue(engine))
    except PluginError:  # its traceback refers to the locks
        queue_of(engine).unlink()
        assert engine.resume("latest").wait(20).state == "Completed"
    else:
        pytest.fail("the run was handed over")


def test_a_run_whose_copy_of_the_source_is_gone_when_it_starts_fails_and_resume_copies_it_again(
    engine: Engine, tiny: Tiny, project: Path
):
    def lose_snapshot(event: object) -> None:
        if isinstance(event, StageFinished) and event.stage == "environment":
            for kept in engine.workspace.snapshots.glob("[!.]*"):
                shutil.rmtree(kept)

    run = engine.run("tiny", listener=lose_snapshot)
    status = run.wait(20)
    assert status.state == "Failed"
    assert "No such file or directory" in (status.reason or "")
    assert engine.resume(run.id).wait(20).state == "Completed"


def test_resume_goes_on_once_the_client_that_prepares_the_run_has_submitted_it(
    engine: Engine, tiny: Tiny, project: Path
):
    hold = project / "hold"
    hold.touch()
    preparing = start_client(project, "StageStartedenvironment", f"hold={hold}")
    assert preparing.stdin
    assert preparing.stdout
    while "environment" not in preparing.stdout.readline():
        pass
    resuming = threading.Thread(target=engine.resume, args=("latest",), daemon=True)
    resuming.start()
    resuming.join(0.3)
    assert resuming.is_alive()
    preparing.stdin.close()
    resuming.join(20)
    assert not resuming.is_alive()
    assert preparing.poll() is None
    hold.unlink()
    preparing.stdout.read()
    preparing.stdout.close()
    assert preparing.wait(60) == 0
    assert attempts(engine.get("latest").folder.journal) == [1]
