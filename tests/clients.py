"""Clients in processes of their own, and the worst that can happen to a client or to a supervisor."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from dressage import Engine
from dressage.engine.runs import Run

CLIENT = """
import sys
from pathlib import Path
from dressage import Engine
from tests.recipes import Tiny
def existing(self, folder):
    self.source, self.data, self.conda, self.variables = folder / "tiny", folder / "data.csv", None, {}
Tiny.__init__ = existing
engine = Engine(Path(sys.argv[1]))
engine.plugins.add("recipe", "tiny", Tiny(Path(sys.argv[1])))
def told(event):
    print(type(event).__name__, getattr(event, "stage", ""), flush=True)
    if type(event).__name__ + getattr(event, "stage", "") == sys.argv[2]:
        sys.stdin.read()
run = engine.run("tiny", set=dict(word.split("=") for word in sys.argv[3:]), listener=told)
print(run.id, flush=True)
run.follow(told)
"""


DYING = """
import os, signal
from dressage.records.journal import Journal
write = Journal._write
def dying(journal, event, fields, **how):
    if event == {event!r}:
        os.kill(os.getpid(), signal.SIGKILL)
    write(journal, event, fields, **how)
Journal._write = dying
"""


def client(project: Path, stop_at: str, *settings: str, first: str = "") -> subprocess.Popen[str]:
    """A client in a process of its own that stops at an event, to be killed there. first: code run before."""
    return subprocess.Popen(
        [sys.executable, "-c", first + CLIENT, str(project), stop_at, *settings],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )


def kill_at(project: Path, event: str, *settings: str) -> None:
    process = client(project, event, *settings)
    assert process.stdout
    for line in process.stdout:
        if "".join(line.split()) == event:
            break
    process.kill()
    process.wait()
    process.stdout.close()


def kill_before(project: Path, line: str, *settings: str) -> None:
    """A client killed as it is about to write a line into the run's journal."""
    process = client(project, "", *settings, first=DYING.format(event=line))
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def held(engine: Engine, project: Path) -> tuple[Run, Path]:
    """A run that waits at step 1 until the file is removed."""
    hold = project / "hold"
    hold.touch()
    run = engine.run("tiny", set={"hold": str(hold)})
    logs = run.logs(follow=True)
    seen = b""
    while b"step 1" not in seen:
        seen += next(logs)
    return run, hold


def supervisor(run: Run) -> int:
    """The number of the process that supervises the run."""
    return list(run.folder.refresh().processes.values())[-1]


def kill_supervisor(run: Run) -> None:
    os.kill(supervisor(run), signal.SIGKILL)


def counted(engine: Engine) -> tuple[int, int, int]:
    """How many runs, dataset versions and model versions there are."""
    platform = engine.platform()
    return len(engine.runs()), len(platform.datasets.list()), len(platform.models.list())
