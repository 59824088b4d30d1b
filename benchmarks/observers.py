"""What observers cost the processes that write journals, and how fast events are delivered.

    uv run benchmarks/observers.py

The first figures are medians of the processor time of short actions that take turns: metrics written to a journal
without the pipe that wakes the delivering process, and to one in a workspace without observers. Then an observer
receives 100,000 events.
"""

import json
import tempfile
import time
from pathlib import Path
from statistics import median

from measuring import describe_machine, read_rounds

from dressage import Engine
from dressage.records.journal import Journal
from dressage.records.outbox import wake_pipe

COUNT = 100_000
BLOCK = 1_000
OBSERVER = """
from dressage import hookimpl

COUNT = 0

@hookimpl
def metrics_logged(event):
    global COUNT
    COUNT += 1

@hookimpl
def run_finished(event):
    open({done!r}, "a").write(f"{{COUNT}}\\n")
"""


def main() -> None:
    rounds = read_rounds(__doc__, default=200)
    print(describe_machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs = folder / ".dressage" / "runs" / "bench"
        runs.mkdir(parents=True)
        plain = Journal(runs / "plain.jsonl")
        woken = Journal(runs / "woken.jsonl", wake_pipe(folder / ".dressage"))
        plain_s, woken_s = processor_times([plain, woken], rounds)
        print(f"an event in a journal     {plain_s * 1e6:6.1f} us")
        print(
            f"without observers         {(woken_s - plain_s) * 1e6:+6.1f} us   {woken_s / plain_s:.2f} times"
        )
    with tempfile.TemporaryDirectory() as name:
        measure_delivery(Path(name))


def processor_times(journals: list[Journal], rounds: int) -> list[float]:
    """Return the median processor time of an event in each journal, in seconds."""
    times: list[list[float]] = [[] for _ in journals]
    for _ in range(rounds):
        for journal, found in zip(journals, times, strict=True):
            begun = time.process_time()
            write(journal, BLOCK)
            found.append((time.process_time() - begun) / BLOCK)
    return [median(found) for found in times]


def write(journal: Journal, count: int) -> None:
    for number in range(count):
        item = {"key": "loss", "value": number / 7, "step": number, "timestamp": 1_700_000_000_000 + number}
        journal.append("metrics", attempt=1, items=[item])


def measure_delivery(folder: Path) -> None:
    """Write metrics to the journal of a run that an observer watches, and wait until it has received them."""
    done = folder / "done"
    (folder / "bell.py").write_text(OBSERVER.format(done=str(done)))
    (folder / "dressage.toml").write_text('plugins = ["bell.py"]\n')
    (folder / "noop.py").write_text("")
    run = Engine(folder).run("script", set={"path": str(folder / "noop.py")})
    run.wait()
    while not done.exists():
        time.sleep(0.01)
    run.folder.resume(2)
    run.folder.enter(2, "Running")
    begun = time.perf_counter()
    write(run.folder.journal, COUNT)
    seconds = time.perf_counter() - begun
    run.folder.enter(2, "Completed")
    while len(done.read_text().splitlines()) < 2:
        time.sleep(0.01)
    total = time.perf_counter() - begun
    print(f"while they are delivered  {seconds / COUNT * 1e6:6.1f} us   elapsed")
    received = json.loads(done.read_text().splitlines()[-1])
    print(f"delivered                 {received / total:6.0f} events per second, all {received}")


if __name__ == "__main__":
    main()
