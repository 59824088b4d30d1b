"""Ctrl-C ends a command whose plugin sleeps, with exit code 130 and no traceback."""

import os
import signal
import subprocess
import sys

import pytest

from tests.broken.conftest import Project, Sites
from tests.waiting import eventually

SLEEPING = (
    ("plan shaky", "recipes", "recipe.dataset"),
    ("run shaky --on steady", "recipes", "recipe.model"),
    ("recipes show shaky", "recipes", "recipe.settings"),
    ("models list --on shaky", "platforms", "platform.models.list"),
    ("runs list", "platforms", "platform.runs.observe"),
    ("run plain --again --on shaky", "platforms", "platform.runs.submit"),
    ("runs logs UNFINISHED", "platforms", "platform.runs.logs"),
    ("doctor", "platforms", "platform.diagnose"),
)


def interrupt_command(words: str, project: Project, env: dict[str, str]) -> tuple[int, str]:
    """Start a command and send Ctrl-C when its plugin sleeps; return exit code and stderr."""
    asleep = project.folder / "asleep"
    line = [
        sys.executable,
        "-m",
        "dressage.cli.main",
        *words.replace("UNFINISHED", project.unfinished).split(),
    ]
    command = subprocess.Popen(
        line,
        cwd=project.folder,
        env={**os.environ, **env, "ASLEEP": str(asleep)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    eventually(asleep.exists)
    command.send_signal(signal.SIGINT)
    _, stderr = command.communicate(timeout=20)
    return command.returncode, stderr


@pytest.mark.parametrize(("words", "kind", "where"), SLEEPING)
def test_a_command_is_interrupted(words: str, kind: str, where: str, project: Project, sites: Sites):
    env = sites.shaky(kind, f"shaky_{kind.removesuffix('s')}", f"{where} sleeps")
    code, stderr = interrupt_command(words, project, env)
    assert "Traceback" not in stderr
    assert code == 130


def test_a_completion_is_interrupted(project: Project, sites: Sites):
    env = sites.shaky("platforms", "shaky_platform", "platform.models.list sleeps")
    env |= {"_DRESSAGE_COMPLETE": "complete_bash", "COMP_WORDS": "dressage models show ", "COMP_CWORD": "3"}
    _, stderr = interrupt_command("", project, {**env, "DRESSAGE_ON": "shaky"})
    assert stderr == ""
