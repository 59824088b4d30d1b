"""After a client is killed at any moment, the same request reaches the same end, without duplicates."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.azureml import Loopback
from tests.conftest import REPOSITORY
from tests.plugins.azureml.conftest import with_tiny
from tests.plugins.azureml.test_flow import ONE, count_results

pytestmark = pytest.mark.slow  # two minutes: a killed client for each line
CLIENT = """
import os, signal, sys
from pathlib import Path
from dressage.records.journal import Journal
from tests.plugins.azureml.conftest import with_tiny

wanted, left = sys.argv[1], int(sys.argv[2])
write = Journal._write
def write_and_count(journal, event, fields, **how):
    global left
    write(journal, event, fields, **how)
    left -= wanted in (event, fields.get("state"))
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
Journal._write = write_and_count
run = with_tiny(Path.cwd()).run("tiny")
run.wait(120)
"""


LINES = [
    ("run.created", 1),
    *(("stage.started", stage) for stage in (1, 2, 3, 4)),
    *(("stage.finished", stage) for stage in (1, 2, 3, 4)),
    ("run.submitting", 1),
    ("run.submitted", 1),
    ("Completed", 1),
]
"""The lines of a run's journal, in no order: event or state, and its number among lines of this kind."""


@pytest.mark.parametrize(("line", "which"), LINES)
def test_killed_after_any_line_of_its_journal(service: Loopback, project: Path, line: str, which: int):
    with_tiny(project)  # writes its script and data
    killed = subprocess.run(
        [
            *(sys.executable, "-c", f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\n{CLIENT}"),
            *(line, str(which)),
        ],
        cwd=project,
        timeout=120,
    )
    assert killed.returncode == -signal.SIGKILL
    engine = with_tiny(project)
    run = engine.run("tiny")
    assert run.wait(120).state == "Completed"
    assert count_results(engine, service) == ONE
