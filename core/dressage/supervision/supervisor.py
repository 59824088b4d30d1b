"""The supervisor of one run: a small process that starts the script, writes its log and records its end.

It imports the standard library and the journal; the tracking endpoint and the model registry are imported when a
script uses them. It inherits a lock; when it ends, even by SIGKILL, the lock is released, and clients notice.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dressage.records.run_folder import RunFolder
from dressage.supervision.launch import Launch
from dressage.supervision.logs import failure_line
from dressage.supervision.slots import Ticket
from dressage.supervision.variables import script_variables

if TYPE_CHECKING:
    from dressage.supervision.inputs import Inputs
    from dressage.supervision.tracking import TrackingEndpoint

_LONGEST_S = 86_400.0
"""The longest single wait: the system does not accept arbitrarily long ones."""


class Supervisor:
    """Runs the attempt that `launch` describes."""

    def __init__(self, folder: RunFolder, launch: Launch, ticket: Ticket) -> None:
        self._folder = folder
        self._launch = launch
        self._ticket = ticket
        self._attempt = launch.attempt
        self._is_overdue = False
        self._token = os.urandom(24).hex()
        self._is_stopping = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._endpoint: TrackingEndpoint | None = None
        self._inputs: Inputs | None = None
        self._wakeup = _signal_pipe((signal.SIGTERM, signal.SIGINT), self._stop)

    def run(self) -> None:
        """Wait for a slot, run the script, and record its end."""
        self._folder.supervise(self._attempt, os.getpid())
        if self._folder.was_canceled(self._attempt):  # canceled while it was submitted: already recorded
            self._ticket.release()
            return
        if self._canceled:  # canceled before this process could receive a signal
            self._is_stopping = True
        if not self._wait_for_slot():
            self._end("Canceled" if self._canceled else "Failed", reason=self._stop_reason)
            return
        if problem := self._try_verify():
            self._end("Failed", reason=problem)
            return
        try:
            script = self._start()
        except OSError as error:
            self._end("Failed", reason=f"cannot start {self._launch.argv[0]!r}: {error.strerror}")
            return
        try:
            self._folder.start_script(self._attempt, script.pid)
            self._enter("Running")
            self._wait_for_end(script)
        except BaseException:
            _signal_group(script.pid, signal.SIGKILL)  # without a supervisor, nothing would stop it
            raise
        self._finalize(script.returncode)

    def _wait_for_slot(self) -> bool:
        """Wait for a free slot. Returns False if the supervisor was stopped before."""
        slots = self._launch.slots
        if not self._ticket.is_admitted(slots):
            self._enter("Queued", reason=f"queued: target {self._launch.compute!r} runs {slots} at a time")
            while not self._is_stopping and not self._ticket.is_admitted(slots):
                self._ticket.wait(self._wakeup)
                _drain(self._wakeup)
        return not self._is_stopping

    def _start(self) -> subprocess.Popen[bytes]:
        """Start the script in a new process group, with its output going directly to the log.

        The script holds a lock while it runs. If this process is killed, the next attempt finds the script by it.
        """
        lock = os.open(self._folder.lock("script"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX)
        os.ftruncate(lock, 0)
        with self._folder.log.open("ab") as log:
            script = subprocess.Popen(
                self._launch.argv,
                cwd=self._folder.work,
                env=self._environ(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[lock],
                # The child writes its process id itself: this process may be killed before it could do so.
                preexec_fn=lambda: os.write(lock, str(os.getpid()).encode()),  # noqa: PLW1509 - no thread runs yet
            )
        os.close(lock)
        return script

    def _environ(self) -> dict[str, str]:
        host, port = self._listener.getsockname()
        address = f"http://{host}:{port}"
        return script_variables(os.environ, self._launch, address=address, token=self._token)

    def _wait_for_end(self, script: subprocess.Popen[bytes]) -> None:
        """Wait until the script ends, or stop it. Open the tracking endpoint when the script first connects."""
        limit = self._launch.time_limit_s
        overdue_at = None if limit is None else time.monotonic() + limit
        kill_at: float | None = None
        while script.poll() is None:
            now = time.monotonic()
            self._is_overdue = self._is_overdue or (overdue_at is not None and now >= overdue_at)
            if (self._is_stopping or self._is_overdue) and kill_at is None:
                _signal_group(script.pid, signal.SIGTERM)
                kill_at = now + self._launch.grace_s
            if kill_at is not None and now >= kill_at:
                _signal_group(script.pid, signal.SIGKILL)
            self._wait(overdue_at if kill_at is None else kill_at)
        _signal_group(script.pid, signal.SIGKILL)  # child processes that are still running

    def _wait(self, until: float | None) -> None:
        """Wait for a signal, a child's end, the script's first connection, or a point in time."""
        left = None if until is None else min(_LONGEST_S, max(0.05, until - time.monotonic()))
        watched: list[Any] = [self._wakeup] if self._endpoint else [self._wakeup, self._listener]
        ready, _, _ = select.select(watched, [], [], left)
        if self._listener in ready:
            self._open_endpoint()
        _drain(self._wakeup)

    def _open_endpoint(self) -> None:
        from dressage.supervision.tracking import RunIdentity, TrackingEndpoint

        identity = RunIdentity(
            run_id=self._launch.run_id,
            experiment=self._launch.experiment,
            name=self._launch.name,
            started_ms=int(time.time() * 1000),
            artifacts=self._folder.artifacts,
            attempt=self._attempt,
            workspace=Path(self._launch.workspace),
        )
        self._endpoint = TrackingEndpoint(
            self._listener, journal=self._folder.journal, run=identity, token=self._token
        )
        self._endpoint.start()

    def _finalize(self, returncode: int) -> None:
        """Close the endpoint, register the model, and then record the run's end."""
        exit_code = _exit_code(returncode)
        self._enter("Finalizing")
        if self._endpoint:
            self._endpoint.close()
        if self._inputs:
            self._inputs.release()
        if self._is_stopping:
            self._end("Canceled" if self._canceled else "Failed", exit_code, self._stop_reason)
        elif self._is_overdue:
            limit = self._launch.time_limit_s
            self._end("Failed", exit_code, f"the script was stopped at its time limit of {limit:g} s")
        elif exit_code != 0:
            self._end("Failed", exit_code, self._failure(returncode))
        elif problem := self._try_verify_after() or self._try_register():
            self._end("Failed", exit_code, problem)
        else:
            self._end("Completed", exit_code)

    def _failure(self, returncode: int) -> str:
        """Return the exit code and the line of the log that most likely says why the script failed."""
        end = f"the script ended with exit code {_exit_code(returncode)}"
        if returncode < 0:
            end += f", killed by {signal.Signals(-returncode).name}"
        line = failure_line(self._folder.log, _exit_code(returncode))
        return f"{end}: {line}" if line else end

    def _try_verify(self) -> str | None:
        """Make sure that the run's datasets have the right files. Returns what is wrong, or None."""
        if self._launch.inputs != "none":
            from dressage.supervision.inputs import Inputs

            self._inputs = Inputs(self._folder, self._launch)
            return self._inputs.prepare()
        return None

    def _try_verify_after(self) -> str | None:
        return self._inputs.check() if self._inputs else None

    def _try_register(self) -> str | None:
        """Register the model, if the run has one. Returns what went wrong, or None."""
        try:
            if self._launch.registers:
                self._register()
        except Exception as error:  # the run's end must be recorded after any error
            from dressage.files.disk import describe

            return f"its model is not registered: {describe(error) if isinstance(error, OSError) else error}"
        return None

    def _register(self) -> None:
        from dressage.files.encoding import to_json
        from dressage.records.workspace import Workspace
        from dressage.storage.models import StoredModels

        record = self._folder.refresh()
        submission = record.the_submission()
        if submission is None:
            raise LookupError("the journal holds no request")
        models = StoredModels(Workspace(Path(self._launch.workspace)))
        model = models.ensure(submission, record.tracked.latest())
        self._folder.finish_stage("model", to_json(model))

    def _end(self, state: str, exit_code: int | None = None, reason: str | None = None) -> None:
        self._ticket.release()
        interrupted = self._is_stopping and not self._canceled
        self._enter(state, exit_code=exit_code, reason=reason, interrupted=interrupted)

    def _enter(self, state: str, **fields: Any) -> None:
        self._folder.enter(self._attempt, state, **fields)

    def _stop(self, *_: object) -> None:
        self._is_stopping = True

    @property
    def _canceled(self) -> bool:
        return self._folder.cancel.exists()

    @property
    def _stop_reason(self) -> str:
        if self._canceled:
            return "canceled"
        return f"supervisor received SIGTERM; continue the run with: dressage resume {self._launch.run_id}"


def _exit_code(returncode: int) -> int:
    """Return the exit code as a shell does: for a script that a signal ended, 128 plus the signal's number."""
    return returncode if returncode >= 0 else 128 - returncode


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


def _signal_pipe(stopping: tuple[signal.Signals, ...], stop: Any) -> int:
    """Return a descriptor that becomes readable on one of the signals and when a child ends."""
    reading, writing = os.pipe()
    for end in (reading, writing):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(writing)
    for number in stopping:
        signal.signal(number, stop)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    return reading


def _drain(descriptor: int) -> None:
    try:
        os.read(descriptor, 512)
    except BlockingIOError:
        return


def main() -> None:
    folder, lock, ticket = RunFolder(Path(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
    os.set_inheritable(lock, False)  # the script must not inherit it
    launch = Launch.read(folder.launch)
    Supervisor(folder, launch, Ticket.from_descriptor(Path(launch.queue), launch.ticket, ticket)).run()
