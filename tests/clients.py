"""Start clients in separate processes, and kill clients and supervisors."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from dressage import Engine
from dressage.engine.runs import Run
from dressage.files.locks import is_locked
from dressage.results.entries import ScriptStarted
from dressage.supervision.identities import Identity
from tests.waiting import eventually

CLIENT = """
import sys
from pathlib import Path
from dressage import Engine
from tests.recipes import Tiny
def use_existing(self, folder):
    self.source, self.data, self.conda, self.variables = folder / "tiny", folder / "data.csv", None, {}
Tiny.__init__ = use_existing
engine = Engine(Path(sys.argv[1]))
engine.plugins.add("recipe", "tiny", Tiny(Path(sys.argv[1])))
def listen(event):
    print(type(event).__name__, getattr(event, "stage", ""), flush=True)
    if type(event).__name__ + getattr(event, "stage", "") == sys.argv[2]:
        sys.stdin.read()
run = engine.run("tiny", set=dict(word.split("=") for word in sys.argv[3:]), listener=listen)
print(run.id, flush=True)
run.follow(listen)
"""


DYING = """
import os, signal
from dressage.records.journal import Journal
write = Journal._write
def die_before(journal, event, fields, **how):
    if event == {event!r}:
        os.kill(os.getpid(), signal.SIGKILL)
    write(journal, event, fields, **how)
Journal._write = die_before
"""


def start_client(project: Path, stop_at: str, *settings: str, first: str = "") -> subprocess.Popen[str]:
    """Start a client that stops at an event, so that a test can kill it there. first: code that runs before."""
    return subprocess.Popen(
        [sys.executable, "-c", first + CLIENT, str(project), stop_at, *settings],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )


def kill_at(project: Path, event: str, *settings: str) -> None:
    """Start a client and kill it at an event."""
    process = start_client(project, event, *settings)
    assert process.stdout
    for line in process.stdout:
        if "".join(line.split()) == event:
            break
    process.kill()
    process.wait()
    process.stdout.close()


def kill_before(project: Path, line: str, *settings: str) -> None:
    """Start a client that is killed just before it writes a line to the run's journal."""
    process = start_client(project, "", *settings, first=DYING.format(event=line))
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def start_and_hold(engine: Engine, project: Path, *, retries: int = 0, **settings: Any) -> tuple[Run, Path]:
    """Start a run that waits at step 1 until the returned file is removed. settings: of the recipe."""
    hold = project / "hold"
    hold.touch()
    run = engine.run("tiny", set={"hold": str(hold), **settings}, retries=retries)
    logs = run.logs(follow=True)
    seen = b""
    while b"step 1" not in seen:
        seen += next(logs)
    return run, hold


def supervisor_pid(run: Run) -> int:
    """Return the process id of the run's supervisor."""
    return list(run.folder.refresh().processes.values())[-1]


def keeper_pid(engine: Engine) -> int:
    """Return the process id of the only living keeper in the engine's workspace."""
    locks = engine.workspace.root.glob("compute/*.queue/keepers/*.lock")
    (text,) = [lock.read_text() for lock in locks if is_locked(lock)]
    identity = Identity.parse(text)
    assert identity
    return identity.process


def kill_keeper(engine: Engine) -> None:
    os.kill(keeper_pid(engine), signal.SIGKILL)


def processes_below(folder: Path) -> list[int]:
    """Return the ids of processes that work in the folder or have its path among their arguments."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = os.fsdecode((process / "cmdline").read_bytes())
            place = f"{(process / 'cwd').readlink()} {arguments}"
        except OSError:
            continue
        if str(folder) in place and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found


def kill_supervisor(run: Run) -> None:
    os.kill(supervisor_pid(run), signal.SIGKILL)


def count_results(engine: Engine) -> tuple[int, int, int]:
    """Return the number of runs, dataset versions and model versions."""
    platform = engine.platform()
    return len(engine.runs()), len(platform.datasets.list()), len(platform.models.list())


def kill_script(run: Run, line: bytes) -> None:
    """Kill the script of a run once its log has the line, and wait until the run has ended."""
    log = b""
    for piece in run.logs(follow=True):
        log += piece
        if line in log:
            break
    (script,) = [event.group for event in run.folder.journal.events() if isinstance(event, ScriptStarted)]
    os.kill(script, signal.SIGKILL)
    eventually(lambda: run.status.has_ended)
