"""What dressage itself costs: starting, planning, recording a script that does nothing, waiting.

    uv run benchmarks/overhead.py

Every figure is a median of runs that take turns, the bare ones among them.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import command, machine, medians

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
begun = time.perf_counter()
from dressage import Engine
from dressage.results.events import RunSubmitted
def told(event):
    if isinstance(event, RunSubmitted):
        print(time.perf_counter() - begun)
Engine().run("script", set={"path": "noop.py"}, listener=told).wait()
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    rounds: int = parser.parse_args().rounds
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        times(Path(folder), rounds)
        before = stages(Path(folder), rounds) * 1e3
        print(f"before the script, warm     {before:6.0f} ms   import, plan, stages; at most 200")
        print(f"client and supervisor wait  {waiting_mb(Path(folder)):6.0f} MB   resident; under 80")


def times(folder: Path, rounds: int) -> None:
    (folder / "noop.py").write_text("")
    (folder / "bare.py").write_text(BARE_TYPER)
    actions = {
        "bare": command([sys.executable, "bare.py", "--help"], folder),
        "help": command([DRESSAGE, "--help"], folder),
        "script": command([sys.executable, "noop.py"], folder),
        "plan": command([DRESSAGE, "plan", "./noop.py"], folder),
        "run": command([DRESSAGE, "run", "./noop.py"], folder),
    }
    medians(actions, 2)  # the first make the workspace and the bytecode
    took = {name: seconds * 1e3 for name, seconds in medians(actions, rounds).items()}
    print(
        f"dressage --help             {took['help']:6.0f} ms   a bare Typer app {took['bare']:.0f}; at most 180"
    )
    print(f"dressage plan ./noop.py     {took['plan']:6.0f} ms")
    over = took["run"] - took["script"]
    print(
        f"dressage run ./noop.py      {took['run']:6.0f} ms   {over:.0f} above the script alone; at most 300"
    )


def stages(folder: Path, rounds: int) -> float:
    """Seconds from importing dressage to the run's submission."""
    told = [
        float(subprocess.check_output([sys.executable, "-c", STAGES], cwd=folder, text=True))
        for _ in range(rounds)
    ]
    return sorted(told)[len(told) // 2]


def waiting_mb(folder: Path) -> float:
    """Resident memory of a client and its supervisor while the script sleeps."""
    (folder / "sleep.py").write_text("import time; print('up'); time.sleep(3)")
    client = subprocess.Popen(
        [DRESSAGE, "run", "./sleep.py"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert client.stdout
    client.stdout.readline()
    time.sleep(0.5)
    mine = [client.pid, *_supervisors()]
    resident = sum(_resident_mb(pid) for pid in mine)
    client.communicate()
    return resident


def _supervisors() -> list[int]:
    """The supervisors on this machine that were started last: the newest one is ours."""
    found = subprocess.check_output(["pgrep", "-nf", "dressage.supervision.supervisor"], text=True)
    return [int(pid) for pid in found.split()]


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    main()
