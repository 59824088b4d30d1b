"""A storm of kills: whatever is killed, and when, the same command leads to one run, one dataset and one model.

The moments are those of the clock, so each execution tries others. Only what must always hold is checked.
"""

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.clients import processes_below

from dressage import Engine
from dressage.files.locks import is_locked
from dressage.records.run_folder import RunFolder
from dressage.supervision.identities import Identity

ROUNDS = 50
VICTIMS = ("client", "supervisor", "script", "keeper", "all")
LONGEST_S = 0.5
"""The latest moment of a kill; a round takes about as long without one."""
MOST_TRIES = 10

SCRIPT = """
import os, sys, time
print("begin", flush=True)
for line in range(10):
    print(line, flush=True)
    time.sleep(0.003)
os.makedirs("outputs/model", exist_ok=True)
open("outputs/model/weights", "w").write(open(os.environ[f"DRESSAGE_INPUT_N{sys.argv[1]}"] + "/data").read())
print("end", flush=True)
"""
WHOLE = "".join(f"{line}\n" for line in range(10)) + "end\n"

FORKS = """
import os, signal, sys
import dressage.delivery.registration, dressage.engine.planning, dressage.storage.datasets, dressage.cli.display
from dressage import DressageError, Engine
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    number, is_resume = line.split()
    if child := os.fork():
        print(child, flush=True)
        continue
    try:
        engine = Engine(sys.argv[1])
        settings = {
            "path": "script/train.py",
            "inputs": (f"n{number}=./data/{number}/data",),
            "model": f"net{number}",
            "arguments": number,
        }
        if is_resume == "1":
            for resumed in engine.resume_all():
                engine.get(resumed.run_id).wait()
        else:
            engine.run("script", set=settings).wait()
    except DressageError as error:
        print(error, file=sys.stderr)
    finally:
        os._exit(0)
"""
"""Forks a client for each line of its input: starting one in a new interpreter would take most of the time."""


class Storm:
    """A project, and a process that starts clients. seed: of all choices."""

    def __init__(self, project: Path, seed: int) -> None:
        (project / "script").mkdir()
        (project / "script/train.py").write_text(SCRIPT)
        self.project = project
        self.engine = Engine(project)
        self.random = random.Random(seed)
        self.server = subprocess.Popen(
            [sys.executable, "-c", FORKS, str(project)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=project,
        )

    def start_client(self, number: int, *, is_resume: bool = False) -> int:
        assert self.server.stdin
        assert self.server.stdout
        self.server.stdin.write(f"{number} {int(is_resume)}\n")
        self.server.stdin.flush()
        return int(self.server.stdout.readline())

    def play(self, number: int) -> None:
        """Start a run, kill something, and resume it or give the same command until it has completed."""
        data = self.project / "data" / str(number) / "data"
        data.parent.mkdir(parents=True)
        data.write_text(str(number))
        client = self.start_client(number)
        time.sleep(self.random.random() * LONGEST_S)
        for process in self._find(self.random.choice(VICTIMS), client):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for tries in range(MOST_TRIES):
            wait_for_end(client)
            if self._has_completed(number):
                return
            # A resume does nothing if the run continues without its client.
            client = self.start_client(number, is_resume=tries < 2 and self.random.random() < 0.5)
        pytest.fail(f"round {number} did not complete: {[run.status for run in self.engine.runs()[:2]]}")

    def close(self) -> None:
        self.server.kill()
        self.server.wait()
        for stream in (self.server.stdin, self.server.stdout):
            if stream:
                stream.close()

    def _has_completed(self, number: int) -> bool:
        models = {model.name for model in self.engine.platform().models.list()}
        return f"net{number}" in models and self.engine.runs()[0].status.state == "Completed"

    def _find(self, victim: str, client: int) -> list[int]:
        """Return the processes to kill; none if there are no such processes at this moment."""
        others = [process for process in processes_below(self.project) if process != self.server.pid]
        if victim == "all":
            return others
        if victim == "client":
            return [client]
        root = self.project / ".dressage"
        pattern = "compute/*.queue/keepers/*.lock" if victim == "keeper" else f"runs/*/{victim}.lock"
        return [process for lock in root.glob(pattern) if (process := holder_of(lock)) in others]


def holder_of(lock: Path) -> int | None:
    """Return the process that holds a lock; None if nobody does."""
    with suppress(OSError):
        identity = Identity.parse(lock.read_bytes()) if is_locked(lock) else None
        return identity.process if identity else None
    return None


def wait_for_end(process: int) -> None:
    """Wait until a process that is not our child has ended."""
    with suppress(ProcessLookupError):
        waiting = os.pidfd_open(process)
        try:
            select.select([waiting], [], [], 60)
        finally:
            os.close(waiting)


def attempts_of(run: RunFolder) -> list[str]:
    """Return what each attempt printed."""
    first, *attempts = run.log.read_text().split("begin\n")
    assert first == ""
    return attempts


@pytest.fixture(params=[1, 2, 3, 4])
def storm(request: pytest.FixtureRequest, project: Path) -> Iterator[Storm]:
    storm = Storm(project, request.param)
    yield storm
    storm.close()


@pytest.mark.slow
def test_one_run_one_dataset_one_model_and_the_whole_log_are_left(storm: Storm) -> None:
    for number in range(ROUNDS):
        storm.play(number)
    runs, platform = storm.engine.runs(), storm.engine.platform()
    names = [f"n{number}" for number in range(ROUNDS)]
    assert sorted(version.name for version in platform.datasets.list()) == sorted(names)
    assert sorted(model.name for model in platform.models.list()) == sorted(
        f"net{name[1:]}" for name in names
    )
    assert [run.status.state for run in runs] == ["Completed"] * ROUNDS
    for run in runs:
        *killed, last = attempts_of(storm.engine.workspace.run(run.run_id))
        assert last == WHOLE
        assert all(WHOLE.startswith(text) for text in killed)
