"""Helpers of the benchmarks: a description of the machine, and medians."""

import argparse
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def read_rounds(description: str | None, default: int) -> int:
    """Return how many rounds the command line asks for."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=default)
    rounds: int = parser.parse_args().rounds
    return rounds


def describe_machine() -> str:
    """Return processor, cores, system and Python in one line."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{model}, {os.cpu_count()} cores, {system}"


def medians(actions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median of each action's seconds. The actions run in turns: other load on the machine affects all."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            started = time.perf_counter()
            action()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def command(
    arguments: Sequence[str | Path], folder: Path, variables: Mapping[str, str] | None = None
) -> Callable[[], None]:
    """Return an action that runs a command without output. Python may cache bytecode, as in a user's shell.

    variables: more environment variables for the command.
    """
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environ |= variables or {}

    def run() -> None:
        subprocess.run(list(map(str, arguments)), cwd=folder, env=environ, check=True, capture_output=True)

    return run
