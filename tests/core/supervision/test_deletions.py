"""If a script deletes its run's files, other runs go on, and its run ends with a clear reason."""

import pytest
from tests.fixtures import WriteScript

from dressage import Engine

DELETE = """
import os, shutil, sys
from pathlib import Path
folder = Path.cwd().parent
for path in (folder / name for name in sys.argv[1:]):
    shutil.rmtree(path) if path.is_dir() else path.unlink()
"""
LOST = "its record was deleted, perhaps by its script; how it ended is not known; start a new run"


def run_script(engine: Engine, path: str, arguments: str, **settings: str):
    return engine.run("script", set={"path": path, "arguments": arguments, **settings}, again=True)


@pytest.mark.parametrize("deleted", [".", "journal.jsonl"])
def test_a_run_whose_record_was_deleted_by_its_script_says_so(
    engine: Engine, script: WriteScript, deleted: str
):
    path = str(script(DELETE))
    run, other = run_script(engine, path, deleted), run_script(engine, path, "")
    status = run.wait(60)
    assert (status.state, status.reason, status.interrupted) == ("Failed", LOST, False)
    assert other.wait(60).state == "Completed"
    assert engine.get("latest").id == other.id
    assert other.id in {summary.run_id for summary in engine.runs()}


@pytest.mark.parametrize("deleted", ["launch.json", "log.txt", "control"])
def test_a_run_completes_without_other_files(engine: Engine, script: WriteScript, deleted: str):
    assert run_script(engine, str(script(DELETE)), deleted).wait(60).state == "Completed"


@pytest.mark.parametrize("deleted", ["work/outputs", "work"])
def test_a_run_whose_model_was_deleted_says_so(engine: Engine, script: WriteScript, deleted: str):
    run = run_script(engine, str(script(DELETE)), deleted, model="m")
    status = run.wait(60)
    assert status.state == "Failed"
    assert "left no model at 'outputs/model'" in str(status.reason)
