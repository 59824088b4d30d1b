"""Runs on this machine: their reasons and their files."""

from pathlib import Path

import pytest
from tests.fixtures import WriteScript
from tests.waiting import eventually

from dressage import Engine, NotFoundError
from dressage.engine.runs import Run


def run_to_end(engine: Engine, path: Path) -> Run:
    run = engine.run("script", set={"path": str(path)})
    run.wait(60)
    return run


def test_the_reason_of_a_failed_run_contains_the_last_line_of_its_output(engine: Engine, script: WriteScript):
    run = run_to_end(engine, script("print('up'); raise ValueError('bad learning rate')"))
    assert run.status.reason == "the script ended with exit code 1: ValueError: bad learning rate"


def test_the_reason_names_the_signal_that_ended_the_script(engine: Engine, script: WriteScript):
    run = run_to_end(engine, script("import os, signal; os.kill(os.getpid(), signal.SIGTERM)"))
    assert run.status.reason == "the script ended with exit code 143, killed by SIGTERM"


def test_a_queued_run_says_what_it_waits_for(engine: Engine, script: WriteScript, project: Path):
    hold = project / "hold"
    hold.touch()
    waits = "import os, sys, time\nwhile os.path.exists(sys.argv[1]): time.sleep(0.02)"
    settings = {"path": str(script(waits)), "arguments": str(hold)}
    first, second = (engine.run("script", set=settings, again=True) for _ in range(2))
    eventually(lambda: second.status.state == "Queued")
    assert second.status.reason == "queued: target 'default' runs 1 at a time"
    hold.unlink()
    assert [run.wait(60).state for run in (first, second)] == ["Completed"] * 2


def test_dangling_links_and_pipes_are_not_listed(engine: Engine, script: WriteScript, tmp_path: Path):
    odd = "import os; os.symlink('gone', 'outputs/latest'); os.mkfifo('outputs/pipe')\n"
    run = run_to_end(engine, script(odd + "open('outputs/kept', 'w').close()"))
    run.download(tmp_path / "down")
    assert [file.path for file in run.files if file.path.startswith("outputs")] == ["outputs/kept"]
    assert [path.name for path in (tmp_path / "down" / "outputs").iterdir()] == ["kept"]


def test_a_missing_file_is_an_error_before_any_file_is_copied(
    engine: Engine, script: WriteScript, tmp_path: Path
):
    run = run_to_end(engine, script("open('outputs/kept', 'w').close()"))
    with pytest.raises(NotFoundError, match="'outputs/kep'; did you mean 'outputs/kept'"):
        run.download(tmp_path / "down", ["outputs/kept", "outputs/kep"])
    assert not (tmp_path / "down").exists()
