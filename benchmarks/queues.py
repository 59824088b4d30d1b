"""Measure the queue of a target with two slots: how fast it empties, the memory of what waits, and many short runs.

    uv run benchmarks/queues.py

Runs do nothing. They wait behind two runs that last until a file is removed. Then they are compared with xargs, which
starts the same script as often, two at a time, without dressage.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from measuring import describe_machine, medians, read_rounds

from dressage import Engine
from dressage.engine.runs import Run

COUNTS = (60, 300, 2000)
LIMIT = 1.3
"""The most that a run of the largest count may take, in relation to one of the smallest count."""
MEMORY_MB = 200
MANY = 100
HOLD = "import os, sys, time\nwhile os.path.exists(sys.argv[1]): time.sleep(0.02)\n"
DRESSAGE = Path(sys.executable).with_name("dressage")


class Project:
    """A new workspace whose target has two slots."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = Engine(folder)
        for name, text in (("noop.py", ""), ("hold.py", HOLD)):
            path = folder / "source" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    def submit(self, name: str, arguments: object) -> Run:
        settings = {"path": str(self.folder / "source" / name), "arguments": str(arguments), "slots": 2}
        run = self.engine.run("script", set=settings)
        run.detach()
        return run

    def resident_mb(self) -> float:
        """Return the resident memory of the queue's processes. Shared pages count once for each process."""
        found = subprocess.check_output(["pgrep", "-f", f"{self.folder}/.dressage/compute"], text=True)
        return sum(_resident_mb(int(pid)) for pid in found.split())


@contextmanager
def new_project() -> Iterator[Project]:
    with tempfile.TemporaryDirectory() as folder:
        yield Project(Path(folder))


def main() -> None:
    rounds = read_rounds(__doc__, default=3)
    print(describe_machine())
    measure_drains(rounds)
    measure_short_runs(rounds)


def measure_drains(rounds: int) -> None:
    """Print how long a queue takes to empty, and its memory while all runs wait."""
    seconds: dict[int, float] = {}
    memory = 0.0
    for _ in range(rounds):
        for count in COUNTS:
            per_run, resident = drain(count)
            seconds[count] = min(per_run, seconds.get(count, per_run))
            memory = max(memory, resident)
    for count, per_run in seconds.items():
        print(f"drain {count:5} runs          {per_run * 1e3:6.1f} ms per run")
    ratio = seconds[COUNTS[-1]] / seconds[COUNTS[0]]
    print(f"drain {COUNTS[-1]} to {COUNTS[0]}          {ratio:6.2f}   limit {LIMIT}")
    print(f"memory of {COUNTS[-1]} waiting     {memory:6.0f} MB   limit {MEMORY_MB}")


def drain(count: int) -> tuple[float, float]:
    """Queue runs behind two others, and let them run. Returns seconds per run, and the memory before in MB."""
    with new_project() as project:
        hold = project.folder / "hold"
        hold.touch()
        first = [project.submit("hold.py", f"{hold} {number}") for number in range(2)]
        runs = [project.submit("noop.py", number) for number in range(count)]
        resident = project.resident_mb()
        started = time.perf_counter()
        hold.unlink()
        for run in (*first, runs[-1], runs[-2]):
            run.wait()
        return (time.perf_counter() - started) / count, resident


def measure_short_runs(rounds: int) -> None:
    """Print how long many short runs take by the API and with one command, in relation to xargs."""
    actions: dict[str, Callable[[], object]] = {
        "xargs": run_with_xargs,
        "API": run_with_api,
        "one command": run_with_command,
    }
    times = medians(actions, rounds)
    print(f"{MANY} runs with xargs -P2     {times['xargs']:6.2f} s")
    limit = 1.5 * times["xargs"] + 0.01 * MANY
    for name in ("API", "one command"):
        print(f"{MANY} runs with {name:13} {times[name]:6.2f} s   limit {limit:.2f}")


def run_with_xargs() -> None:
    with new_project() as project:
        script = str(project.folder / "source" / "noop.py")
        lines = "".join(f"{script} {number}\n" for number in range(MANY))
        subprocess.run(["xargs", "-P2", "-L1", sys.executable], input=lines, text=True, check=True)


def run_with_api() -> None:
    with new_project() as project:
        for run in [project.submit("noop.py", number) for number in range(MANY)]:
            assert run.wait().state == "Completed"


def run_with_command() -> None:
    with new_project() as project:
        lines = "".join(f"{number}\n" for number in range(MANY))
        command = [str(DRESSAGE), "run", "source/noop.py", "--batch", "-", "--set", "slots=2"]
        subprocess.run(command, input=lines, text=True, check=True, cwd=project.folder, capture_output=True)
        for summary in project.engine.runs():
            assert project.engine.get(summary.run_id).wait().state == "Completed"


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    main()
