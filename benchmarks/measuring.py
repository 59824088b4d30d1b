"""What the benchmarks share: this machine in a line, and medians of runs that take turns."""

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def machine() -> str:
    """Processor, cores, system and Python, in one line."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{model}, {os.cpu_count()} cores, {system}"


def medians(actions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of each action, the median of `rounds`; they take turns, so that a busy spell hits all alike."""
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            begun = time.perf_counter()
            action()
            taken[name].append(time.perf_counter() - begun)
    return {name: statistics.median(times) for name, times in taken.items()}


def command(arguments: Sequence[str | Path], folder: Path) -> Callable[[], None]:
    """An action that runs a command, quietly, as a user's shell would: Python may cache its bytecode."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def run() -> None:
        subprocess.run(list(map(str, arguments)), cwd=folder, env=environ, check=True, capture_output=True)

    return run
