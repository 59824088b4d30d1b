"""Measure dressage's own overhead: startup, plan, run of an empty script, and memory while it waits.

    uv run benchmarks/overhead.py

Each figure is a median. The measured commands run in turns, with commands without dressage for comparison.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import command, describe_machine, medians, read_rounds

DRESSAGE = Path(sys.executable).with_name("dressage")
BARE_TYPER = """
import typer
app = typer.Typer()
@app.command()
def one(): ...
@app.command()
def two(): ...
app()
"""
STAGES = """
import time
started = time.perf_counter()
from dressage import Engine
from dressage.results.events import RunSubmitted
def listen(event):
    if isinstance(event, RunSubmitted):
        print(time.perf_counter() - started)
Engine().run("script", set={"path": "noop.py"}, listener=listen).wait()
"""


def main() -> None:
    rounds = read_rounds(__doc__, default=15)
    print(describe_machine())
    with tempfile.TemporaryDirectory() as folder:
        measure_commands(Path(folder), rounds)
        seconds = measure_submission(Path(folder), rounds)
        print(f"submission, warm            {seconds * 1e3:6.0f} ms   import, plan, stages; limit 200")
        print(f"client, keeper, supervisor  {measure_memory(Path(folder)):6.0f} MB   resident; limit 80")


def measure_commands(folder: Path, rounds: int) -> None:
    """Print how long commands take."""
    (folder / "noop.py").write_text("")
    (folder / "bare.py").write_text(BARE_TYPER)
    actions = {
        "bare": command([sys.executable, "bare.py", "--help"], folder),
        "help": command([DRESSAGE, "--help"], folder),
        "script": command([sys.executable, "noop.py"], folder),
        "plan": command([DRESSAGE, "plan", "./noop.py"], folder),
        "run": command([DRESSAGE, "run", "./noop.py"], folder),
    }
    medians(actions, 2)  # the first rounds create the workspace and the bytecode
    times = {name: seconds * 1e3 for name, seconds in medians(actions, rounds).items()}
    print(
        f"dressage --help             {times['help']:6.0f} ms   empty Typer app {times['bare']:.0f}; limit 180"
    )
    print(f"dressage plan ./noop.py     {times['plan']:6.0f} ms")
    overhead = times["run"] - times["script"]
    print(
        f"dressage run ./noop.py      {times['run']:6.0f} ms   {overhead:.0f} more than the script alone; limit 300"
    )


def measure_submission(folder: Path, rounds: int) -> float:
    """Return the median of seconds from importing dressage to the run's submission."""
    seconds = [
        float(subprocess.check_output([sys.executable, "-c", STAGES], cwd=folder, text=True))
        for _ in range(rounds)
    ]
    return sorted(seconds)[len(seconds) // 2]


def measure_memory(folder: Path) -> float:
    """Return the resident memory in MB of a client, the keeper and the supervisor while the script sleeps."""
    (folder / "sleep.py").write_text("import time; print('up'); time.sleep(3)")
    client = subprocess.Popen(
        [DRESSAGE, "run", "./sleep.py"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert client.stdout
    client.stdout.readline()
    time.sleep(0.5)
    processes = [client.pid, *_find_processes(folder)]
    resident = sum(_resident_mb(pid) for pid in processes)
    client.communicate()
    return resident


def _find_processes(folder: Path) -> list[int]:
    """Return the ids of the keeper and the supervisor of the workspace in the folder."""
    found = subprocess.check_output(["pgrep", "-f", f"{folder}/.dressage/compute"], text=True)
    return [int(pid) for pid in found.split()]


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    main()
