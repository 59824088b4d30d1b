"""Registered models: a version is its own bytes, whoever was killed before."""

import signal
import subprocess
import sys
from pathlib import Path

from dressage import Engine

KILLED = """
import os, signal, sys
from pathlib import Path
from dressage import Engine
from dressage.storage import versions
versions.write_bytes = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
engine = Engine(Path.cwd())
engine.workspace.create()
engine.platform().models.register("m", Path("first"))
"""


def test_a_registration_that_was_killed_leaves_nothing_to_the_next_model_of_that_number(
    engine: Engine, project: Path
):
    for name in ("first", "second"):
        (project / name).mkdir()
        (project / name / "weights").write_text(name)
    killed = subprocess.run([sys.executable, "-c", KILLED], cwd=project)
    assert killed.returncode == -signal.SIGKILL
    version = engine.platform().models.register("m", project / "second")
    folder = engine.workspace.root / "models" / "m" / str(version.version)
    assert (folder / "weights").read_text() == "second"
