"""Run actions of `dressage.testing.child` in other processes: at once, or killed at a chosen change."""

import json
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dressage.files.python import command_of_module


class Processes:
    """Starts processes that use the platform of a project. patience_s: how long one may take, in seconds."""

    def __init__(self, project: Path, platform: str, patience_s: float) -> None:
        self._project, self._platform, self._patience_s = project, platform, patience_s

    def call(self, action: str, argument: Any) -> Any:
        """Carry out an action in another process and return its answer. Fails the test if the process fails."""
        return self._read(self._start(action, argument))["answer"]

    def call_at_once(self, action: str, arguments: Sequence[Any]) -> list[Any]:
        """Carry out one action in several processes at the same time, one for each argument; return the answers."""
        started = [self._start(action, argument) for argument in arguments]
        return [self._read(process)["answer"] for process in started]

    def count_changes(self, action: str, argument: Any) -> int:
        """Carry out an action in another process and return how many changes it makes."""
        return int(self._read(self._start(action, argument))["changes"])

    def kill(self, action: str, argument: Any, at: int) -> bool:
        """Carry out an action in another process, killed before its `at`-th change. Return whether it was killed."""
        process = self._start(action, argument, at)
        _, errors = process.communicate(timeout=self._patience_s)
        assert process.returncode in (0, -signal.SIGKILL), errors.decode(errors="replace")
        return process.returncode != 0

    def _start(self, action: str, argument: Any, kill_at: int | None = None) -> "subprocess.Popen[bytes]":
        order = {
            "action": action,
            "argument": argument,
            "project": str(self._project),
            "platform": self._platform,
            "kill_at": kill_at,
        }
        command = [*command_of_module("dressage.testing.child"), json.dumps(order)]
        return subprocess.Popen(
            command,
            cwd=self._project,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )

    def _read(self, process: "subprocess.Popen[bytes]") -> Any:
        try:
            output, errors = process.communicate(timeout=self._patience_s)
        finally:
            process.kill()  # nothing if it has ended
        assert process.returncode == 0, errors.decode(errors="replace")
        return json.loads(output.splitlines()[-1])


def spread(count: int, most: int) -> Iterator[int]:
    """Yield at most `most` numbers from 1 to `count`, evenly spread, the first and the last included."""
    if count <= most:
        yield from range(1, count + 1)
        return
    yield from sorted({1 + round(step * (count - 1) / (most - 1)) for step in range(most)})
