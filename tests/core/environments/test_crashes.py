"""Several processes, and processes that die: one environment, whole or absent."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.package_index import Index

from .conftest import Stage

CONDA = "dependencies:\n- python={}.{}\n- pip:\n  - toya\n".format(*sys.version_info[:2])

BUILDER = """
import sys
from pathlib import Path
from dressage import Environment
from dressage.environments.uv_environments import UvEnvironments

pauses = sys.argv[3:]

def progress(what, done, total):
    print(what, flush=True)
    if pauses and what.startswith(pauses[-1]):
        pauses.pop()
        sys.stdin.readline()  # until the test lets us go on, or kills us

version = UvEnvironments(Path(sys.argv[1])).ensure(Environment(name="lab", conda=sys.argv[2]), progress)
print("key", version.key, flush=True)
"""


class Builders:
    """Processes that ensure the same environment; `pause` is the progress at which one waits once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.started: list[subprocess.Popen[str]] = []

    def start(self, pause: str | None = None) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", BUILDER, str(self.root), CONDA, *([pause] if pause else [])]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.started.append(process)
        return process


@pytest.fixture
def builders(stage: Stage, index: Index) -> Iterator[Builders]:
    index.publish("toya", "1.0")
    builders = Builders(stage.root)
    yield builders
    for process in builders.started:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], start: str) -> list[str]:
    lines = []
    assert process.stdout
    for line in process.stdout:
        lines.append(line.strip())
        if line.startswith(start):
            return lines
    raise AssertionError(f"ended before it said {start!r}: {lines}")


def let_go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("go on\n")
    process.stdin.flush()


@pytest.mark.parametrize("moment", ["resolving", "installing"])
def test_a_killed_build_leaves_nothing_under_the_key_and_the_next_succeeds(
    stage: Stage, builders: Builders, moment: str
):
    killed = builders.start(pause=moment)
    read_until(killed, moment)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert stage.folders() == []
    assert stage.plan(CONDA).action == "build"
    version = stage.ensure(CONDA)
    assert stage.environments.interpreter(version.key).exists()


def test_what_a_killed_build_left_is_swept_by_the_next(stage: Stage, builders: Builders):
    killed = builders.start(pause="installing")
    read_until(killed, "installing")
    assert list((stage.root / "building").glob("[!.]*"))
    killed.kill()
    killed.wait()
    stage.ensure(CONDA)
    assert list((stage.root / "building").glob("[!.]*")) == []


def test_two_processes_build_once_and_the_second_says_that_it_waits(stage: Stage, builders: Builders):
    first = builders.start(pause="resolving")
    read_until(first, "resolving")
    second = builders.start()
    read_until(second, "waiting for another process that is building environment 'lab'")
    let_go_on(first)
    built, found = read_until(first, "key"), read_until(second, "key")
    assert any(line.startswith("installing") for line in built)
    assert not any(line.startswith("installing") for line in found)
    assert built[-1] == found[-1]


def test_a_live_build_is_not_swept_by_another_environments(stage: Stage, builders: Builders):
    first = builders.start(pause="installing")
    read_until(first, "installing")
    stage.ensure("dependencies:\n- python\n", name="other")
    let_go_on(first)
    assert read_until(first, "key")
