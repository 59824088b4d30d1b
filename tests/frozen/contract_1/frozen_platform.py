"""A platform as it was written for contract 1: its runs, and everything that is optional."""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass

from dressage import hookimpl, setting
from dressage.files.trees import files_below
from dressage.results.statuses import RunStatus
from dressage.results.tracking import Recorded
from dressage.results.versions import File
from dressage.supervision.launch import command_of

DRESSAGE_CONTRACT = 1
SHELL = 'mkdir -p outputs logs; echo $$ > ../pid; "$@" > ../log 2>&1; echo $? > ../code.new; mv ../code.new ../code'


@dataclass(frozen=True, kw_only=True)
class Options:
    poll_s: float = setting(0.1, help="seconds between two looks", minimum=0.01)
    queue: str | None = setting(None, help="queue of the runs")


class FrozenRuns:
    several_processes = False

    def __init__(self, workspace, options):
        self.workspace, self.root, self.poll_s = workspace, workspace.root / "frozen", options.poll_s

    def wait(self, run_id, timeout_s):
        deadline = time.monotonic() + timeout_s
        while not (self.last(run_id) / "code").exists() and time.monotonic() < deadline:
            time.sleep(self.poll_s)
        return (self.last(run_id) / "code").exists()

    def notes(self, request):
        return [f"queue for {request.recipe}"]

    def records(self, run_id):
        return Recorded(tags={"frozen": run_id})

    def submit(self, submission):
        folder = self.root / submission.run_id / str(submission.attempt)
        if not (folder / "pid").exists():
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(submission.request.snapshot.directory, folder / "work")
            command = command_of(self.workspace, submission)
            words = ["sh", "-c", SHELL, "sh", *command.argv]
            variables = {**os.environ, **command.variables, "DRESSAGE_RUN_ID": submission.run_id}
            detached = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
            subprocess.Popen(words, cwd=folder / "work", env=variables, **detached)

    def observe(self, run_id):
        code = self.last(run_id) / "code"
        if not code.exists():
            return RunStatus(state="Running")
        state = {"0": "Completed", "143": "Canceled"}.get(code.read_text().strip(), "Failed")
        return RunStatus(state=state, exit_code=int(code.read_text()))

    def logs(self, run_id, offset=0):
        log = self.last(run_id) / "log"
        return log.read_bytes()[offset:] if log.exists() else b""

    def files(self, run_id):
        return [File(path=path, size=None) for path in files_below(self.last(run_id) / "work")]

    def download(self, run_id, paths, target):
        for path in paths:
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.last(run_id) / "work" / path, target / path)

    def cancel(self, run_id):
        pid = int((self.last(run_id) / "pid").read_text())
        subprocess.run(["pkill", f"-{int(signal.SIGTERM)}", "-P", str(pid)], check=False)

    def last(self, run_id):
        return max((self.root / run_id).iterdir(), key=lambda attempt: int(attempt.name))


class Frozen:
    def __init__(self, workspace, directory, options):
        self.runs, self.directory, self.options = FrozenRuns(workspace, options), directory, options

    def diagnose(self):
        return [("frozen queue", True, self.options.queue or "none")]

    def initialise(self, values):
        path = self.directory / "frozen.txt"
        path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
        return path


@hookimpl
def options():
    return Options


@hookimpl
def platform(workspace, directory, options):
    return Frozen(workspace, directory, options)
