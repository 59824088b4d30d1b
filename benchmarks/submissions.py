"""Measure how the time of a submission depends on the number of runs.

    uv run benchmarks/submissions.py

Runs are submitted to a platform that accepts each at once and starts none, so that only the client is measured. Equal
runs have the same request: each one finds all earlier ones among the open runs. Different runs have a setting each.
Each count is measured in a new workspace. CPU time is that of this process: other load on the machine affects it
less. The counts are measured in turns.
"""

import resource
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from measuring import describe_machine, read_rounds

from dressage import Engine, hookimpl
from dressage.records.requests import Submission
from dressage.results.statuses import RunStatus
from dressage.results.versions import File

COUNTS = (60, 300, 2000)
LIMIT = 1.3
"""The most that a run of the largest count may take, in relation to one of the smallest count."""


class Shelf:
    """A platform that accepts runs and starts none. It is the plugin, too."""

    def __init__(self) -> None:
        self.runs = self

    @hookimpl
    def platform(self) -> "Shelf":
        return self

    def submit(self, submission: Submission) -> None: ...

    def observe(self, _: str) -> RunStatus:
        return RunStatus(state="Queued")

    def logs(self, _: str, __: int = 0) -> bytes:
        return b""

    def files(self, _: str) -> Sequence[File]:
        return ()

    def download(self, run_id: str, paths: Iterable[str], target: Path) -> None: ...

    def cancel(self, run_id: str) -> None: ...


def main() -> None:
    rounds = read_rounds(__doc__, default=3)
    print(describe_machine())
    measure_submissions("equal runs", lambda _: "", rounds)
    measure_submissions("different runs", str, rounds)


def measure_submissions(what: str, arguments: Callable[[int], str], rounds: int) -> None:
    """Print the time of a submission for each count. arguments: those of the script of one run."""
    found: dict[int, tuple[float, float]] = {}
    for _ in range(rounds):
        for count in COUNTS:
            seconds = submit(count, arguments)
            found[count] = min(seconds, found.get(count, seconds))
    for count, (cpu, wall) in found.items():
        print(f"submit {count:5} {what:15} {cpu * 1e3:6.1f} ms CPU   {wall * 1e3:6.1f} ms   per run")
    ratio = found[COUNTS[-1]][0] / found[COUNTS[0]][0]
    print(f"{COUNTS[-1]} to {COUNTS[0]} {what:18} {ratio:6.2f}   CPU per run; limit {LIMIT}")


def submit(count: int, arguments: Callable[[int], str]) -> tuple[float, float]:
    """Submit runs and detach from each. Returns the seconds of CPU time and of the clock, per run."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "source", "noop.py")
        script.parent.mkdir()
        script.write_text("")
        engine = Engine(folder)
        engine.plugins.add("platform", "shelf", Shelf())

        def submit_one(number: int) -> None:
            settings = {"path": str(script), "arguments": arguments(number)}
            engine.run("script", on="shelf", set=settings).detach()

        submit_one(-1)  # imports, and the index
        cpu, started = _cpu_seconds(), time.perf_counter()
        for number in range(count):
            submit_one(number)
        return (_cpu_seconds() - cpu) / count, (time.perf_counter() - started) / count


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
