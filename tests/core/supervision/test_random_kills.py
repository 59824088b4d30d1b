"""Processes of a queue are killed at random moments, one or all: every run ends once and in order."""

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from tests.clients import processes_below
from tests.fixtures import WriteScript
from tests.waiting import eventually

from dressage import Engine
from dressage.engine.runs import Run
from dressage.results.entries import ScriptStarted, StateEntered
from dressage.results.statuses import ENDED

KILLS = 200
ALL_AT_ONCE = 0.15
"""The share of kills that end all processes, as a restart of the machine does."""
SCRIPT = "import sys, time\nprint('begin', flush=True)\ntime.sleep(float(sys.argv[2]))\n"


class Kills:
    """A queue in use, and what happens to it. seed: of all choices."""

    def __init__(self, engine: Engine, script: WriteScript, seed: int) -> None:
        self.engine = engine
        self.path = str(script(SCRIPT))
        self.random = random.Random(seed)
        self.runs: list[Run] = []

    def submit(self, count: int) -> None:
        for _ in range(count):
            arguments = f"{len(self.runs)} {self.random.choice([0, 0.01, 0.05])}"
            run = self.engine.run("script", set={"path": self.path, "arguments": arguments})
            run.detach()
            self.runs.append(run)

    def kill(self) -> int:
        """Kill one process, or all. Returns how many kills that was."""
        time.sleep(self.random.random() * 0.06)
        processes = processes_below(self.engine.directory)
        if not processes:
            return 0
        chosen = processes if self.random.random() < ALL_AT_ONCE else [self.random.choice(processes)]
        for process in chosen:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        return 1

    def use(self) -> None:
        """Do what people do meanwhile: submit more runs, and look at them."""
        if self.random.random() < 0.3:
            self.submit(self.random.randint(1, 3))
        if self.random.random() < 0.5:
            self.engine.runs()
        if not processes_below(self.engine.directory) and self._all_ended():
            self.submit(4)

    def resume_until_completed(self) -> None:
        """Resume what was interrupted, until all runs have completed."""

        def resume() -> bool:
            for resumed in self.engine.resume_all():
                assert resumed.error is None
            return {summary.status.state for summary in self.engine.runs()} == {"Completed"}

        eventually(resume, 120)

    def _all_ended(self) -> bool:
        return all(summary.status.has_ended for summary in self.engine.runs())


@pytest.mark.slow
def test_every_run_ends_once_and_in_order(engine: Engine, script: WriteScript, project: Path):
    kills = Kills(engine, script, seed=1)
    kills.submit(6)
    count = 0
    while count < KILLS:
        count += kills.kill()
        kills.use()
    kills.resume_until_completed()
    starts = []
    for run in kills.runs:
        events = list(run.folder.journal.events())
        starts += [event.time for event in events if isinstance(event, ScriptStarted)][:1]
        ends = Counter(
            event.attempt for event in events if isinstance(event, StateEntered) and event.state in ENDED
        )
        assert set(ends.values()) == {1}
    assert starts == sorted(starts)
