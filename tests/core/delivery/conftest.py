"""Observers in plugin files, and what they were called with."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.waiting import eventually

from dressage.files.locks import is_locked

RECORDER = """
import json, os, sys, time
from pathlib import Path
import msgspec
from dressage import UnreachableError, hookimpl

HERE = Path({folder!r})

def write(hook, event):
    line = json.dumps({{"hook": hook, **msgspec.to_builtins(event)}}) + "\\n"
    with (HERE / "{name}.jsonl").open("a") as file:
        file.write(line)

def before(hook, event):
    {before}

@hookimpl
def run_created(event):
    before("run_created", event)
    write("run_created", event)

@hookimpl
def stage_finished(event):
    before("stage_finished", event)
    write("stage_finished", event)

@hookimpl
def run_state_changed(event):
    before("run_state_changed", event)
    write("run_state_changed", event)

@hookimpl
def parameters_logged(event):
    write("parameters_logged", event)

@hookimpl
def metrics_logged(event):
    before("metrics_logged", event)
    write("metrics_logged", event)

@hookimpl
def tags_changed(event):
    write("tags_changed", event)

@hookimpl
def run_finished(event):
    before("run_finished", event)
    write("run_finished", event)
{more}
"""


class Observers:
    """Writes observers to files of the project, and reads what they were called with."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._files: list[str] = []

    def add(self, name: str = "recorder", *, before: str = "pass", more: str = "", table: str = "") -> None:
        """Add an observer that writes each event to a file. before: a statement that runs first."""
        source = RECORDER.format(folder=str(self._project), name=name, before=before, more=more)
        (self._project / f"{name}.py").write_text(source)
        self._files.append(f"{name}.py")
        (self._project / "dressage.toml").write_text(f"[plugins]\nfiles = {json.dumps(self._files)}\n{table}")

    def calls(self, name: str = "recorder") -> list[dict[str, Any]]:
        """Return the events that an observer has written, in the order of the calls.

        A line that is still being written, which may be seen up to the end of a page of memory, is left out.
        """
        path = self._project / f"{name}.jsonl"
        whole, _, _ = path.read_text().rpartition("\n") if path.exists() else ("", "", "")
        return [json.loads(line) for line in whole.splitlines()]

    def hooks(self, name: str = "recorder") -> list[str]:
        return [call["hook"] for call in self.calls(name)]

    def wait_for_end(self, name: str = "recorder", runs: int = 1) -> list[dict[str, Any]]:
        """Wait until the observer was informed of the end of so many runs, and return the calls."""
        eventually(
            lambda: len({c["run_id"] for c in self.calls(name) if c["hook"] == "run_finished"}) >= runs
        )
        return self.calls(name)

    @property
    def log(self) -> str:
        path = self._project / ".dressage" / "observers.log"
        return path.read_text() if path.exists() else ""

    @property
    def is_delivering(self) -> bool:
        folder = self._project / ".dressage" / "observers"
        return is_locked(folder / "delivery.lock") or is_locked(folder / "next.lock")


@pytest.fixture
def observers(project: Path) -> Iterator[Observers]:
    """Observers of the project; the delivering process ends after the test."""
    found = Observers(project)
    yield found
    kill_delivery(project)


def delivering_processes(project: Path) -> list[int]:
    """Return the ids of the processes that deliver events of the project's workspace."""
    root = str(project / ".dressage")
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if root in words and any("dressage.delivery.process" in word for word in words):
            found.append(int(folder.name))
    return found


def kill_delivery(project: Path) -> int:
    """Kill the delivering process and wait for its end; return how many processes there were."""
    processes = delivering_processes(project)
    for process in processes:
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(process, signal.SIGKILL)
    eventually(lambda: not is_locked(project / ".dressage" / "observers" / "delivery.lock"))
    return len(processes)
