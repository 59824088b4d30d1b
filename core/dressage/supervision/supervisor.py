"""The supervisor of one run: a small process that starts the script, writes its log and records its end.

A keeper forks it when the run has a slot. It imports the standard library and the journal; the tracking endpoint and
the model registry are imported when a script uses them. It holds the run's lock; when it ends, even by SIGKILL, the
lock is released, and keepers and clients notice.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dressage.files.disk import describe
from dressage.files.locks import FileLock
from dressage.records.run_folder import RunFolder
from dressage.supervision.control import open_control
from dressage.supervision.event_files.finding import find_event_files
from dressage.supervision.identities import Identity
from dressage.supervision.launch import Launch
from dressage.supervision.left_files import find_unusable
from dressage.supervision.log_writer import LogWriter
from dressage.supervision.processes import end_leftover
from dressage.supervision.resources import Claims
from dressage.supervision.scripts import (
    describe_failure,
    exit_code_of,
    signal_group,
    start_script,
    was_killed,
)
from dressage.supervision.tickets import Ticket, TicketQueue
from dressage.supervision.variables import script_variables
from dressage.supervision.wakeup import drain, open_wakeup
from dressage.supervision.working_folder import prepare_work

if TYPE_CHECKING:
    from dressage.supervision.inputs import Inputs
    from dressage.supervision.tracking import TrackingEndpoint

_LONGEST_S = 86_400.0
"""The longest single wait: the system does not accept arbitrarily long ones."""


class Slot(NamedTuple):
    """The place that a run was given. claims: the resources of the machine. refusal: why it can never get them."""

    queue: TicketQueue
    ticket: Ticket
    claims: Claims
    refusal: str | None = None


class Supervisor:
    """Runs the attempt that `launch` describes.

    lock: the run's, which this process holds. shell: the variables of the shell that submitted the run.
    """

    def __init__(
        self, folder: RunFolder, launch: Launch, slot: Slot, lock: FileLock, shell: Mapping[str, str]
    ) -> None:
        self._folder = folder
        self._launch = launch
        self._slot = slot
        self._shell = shell
        self._attempt = launch.attempt
        self._is_overdue = False
        self._token = os.urandom(24).hex()
        self._is_stopping = False
        self._is_queued = True
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._endpoint: TrackingEndpoint | None = None
        self._inputs: Inputs | None = None
        self._wakeup = open_wakeup({signal.SIGTERM: self._stop, signal.SIGINT: self._stop})
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        identity = Identity.of(os.getpid())
        os.ftruncate(lock.descriptor, 0)
        os.write(lock.descriptor, str(identity).encode())
        self._control = open_control(folder.control)

    def run(self) -> None:
        """Run the script and record its end. Records nothing if the run was canceled while it was submitted."""
        self._folder.supervise(self._attempt, os.getpid())
        if self._folder.was_canceled(self._attempt):
            self._leave_queue()
            self._slot.queue.vacate(self._launch.run_id)
        elif self._is_canceled or self._is_stopping:
            self._end_stopped(None)
        elif problem := self._slot.refusal or self._try_verify():
            self._end("Failed", reason=problem)
        elif self._is_canceled or self._is_stopping:  # while the inputs were verified
            self._end_stopped(None)
        else:
            self._run_script()

    def _run_script(self) -> None:
        try:
            end_leftover(self._folder)
            prepare_work(self._folder, self._launch)
            if self._attempt > 1:
                self._record_event_files(self._attempt - 1)  # if its supervisor was killed
            script, writer = self._start_script()
        except Exception as error:  # the run's end must be recorded after any error
            self._end("Failed", reason=f"cannot start the script: {describe(error)}")
            return
        try:
            self._folder.start_script(self._attempt, script.pid)
            self._leave_queue()  # until here, a keeper starts the attempt again
            self._enter("Running")
            self._wait_for_end(script)
            if writer:
                writer.wait()
        except BaseException:
            signal_group(script.pid, signal.SIGKILL)  # without a supervisor, nothing would stop it
            raise
        self._finalize(script.returncode)

    def _start_script(self) -> tuple[subprocess.Popen[bytes], LogWriter | None]:
        """Start the script, and a process that writes its log if the log has a limit."""
        limit, umask = self._launch.log_limit, self._launch.umask
        writer = LogWriter(self._folder.log, limit) if limit else None
        arguments = (self._folder, self._launch.argv, self._environ(), self._slot.claims)
        try:
            return start_script(*arguments, umask=umask, output=writer.descriptor if writer else None), writer
        finally:
            if writer:
                writer.begin()

    def _environ(self) -> dict[str, str]:
        host, port = self._listener.getsockname()
        variables = script_variables(
            self._shell, self._launch, address=f"http://{host}:{port}", token=self._token
        )
        checkpoints = self._folder.work / self._launch.checkpoints
        if self._attempt > 1 and checkpoints.is_dir():
            variables["DRESSAGE_RESUME_FROM"] = str(checkpoints)
        return variables | self._slot.claims.variables

    def _wait_for_end(self, script: subprocess.Popen[bytes]) -> None:
        """Wait until the script ends, or stop it. Open the tracking endpoint when the script first connects."""
        limit = self._launch.time_limit_s
        overdue_at = None if limit is None else time.monotonic() + limit
        kill_at: float | None = None
        while script.poll() is None:
            now = time.monotonic()
            self._is_overdue = self._is_overdue or (overdue_at is not None and now >= overdue_at)
            if (self._is_stopping or self._is_overdue) and kill_at is None:
                signal_group(script.pid, signal.SIGTERM)
                kill_at = now + self._launch.grace_s
            if kill_at is not None and now >= kill_at:
                signal_group(script.pid, signal.SIGKILL)
            self._wait(overdue_at if kill_at is None else kill_at)
        signal_group(script.pid, signal.SIGKILL)  # child processes that are still running

    def _wait(self, until: float | None) -> None:
        """Wait for a request to stop, a signal, a child's end, the script's first connection, or a point in time."""
        left = None if until is None else min(_LONGEST_S, max(0.05, until - time.monotonic()))
        watched: list[Any] = [self._wakeup, self._control, *([] if self._endpoint else [self._listener])]
        ready, _, _ = select.select(watched, [], [], left)
        if self._listener in ready:
            self._open_endpoint()
        if self._control in ready:
            self._is_stopping = True
            drain(self._control)
        drain(self._wakeup)

    def _open_endpoint(self) -> None:
        from dressage.supervision.tracking import RunIdentity, TrackingEndpoint

        self._folder.artifacts.mkdir(exist_ok=True)
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
        """End the recording, register the model, and then record the run's end."""
        exit_code = exit_code_of(returncode)
        is_interrupted = was_killed(returncode) and not self._is_stopping and not self._is_overdue
        if is_interrupted and self._launch.retries:
            return self._retry()
        self._enter("Finalizing")
        self._close_recording()
        if self._inputs:
            self._inputs.release()
        if self._is_stopping:
            self._end_stopped(exit_code)
        elif self._is_overdue:
            limit = _format_seconds(self._launch.time_limit_s or 0)
            self._end("Canceled", exit_code, f"canceled: the script reached its time limit of {limit}")
        elif exit_code != 0:
            hidden = {name: self._shell.get(name, "") for name in self._launch.secrets}
            reason = describe_failure(returncode, self._folder.log, self._launch.run_id, hidden)
            self._end("Failed", exit_code, reason, interrupted=is_interrupted)
        elif problem := self._try_verify_after() or self._try_register():
            self._end("Failed", exit_code, problem)
        else:
            self._end("Completed", exit_code)
        return None

    def _close_recording(self) -> None:
        """Record what the script's last requests sent, and then what it wrote to event files."""
        if self._endpoint:
            self._endpoint.close()
        self._record_event_files(self._attempt)
        self._record_unusable()

    def _record_event_files(self, attempt: int) -> None:
        if next(find_event_files(self._folder.work), None) is None:
            return
        from dressage.supervision.event_files.recording import record_event_files

        try:
            record_event_files(self._folder, self._launch, attempt)
        except Exception as error:  # the run's end must be recorded after any error
            sys.stderr.write(f"event files are not recorded: {describe(error)}\n")

    def _record_unusable(self) -> None:
        """Record what the script left that cannot be kept, such as pipes."""
        try:
            found = ((one.shown, one.problem) for one in find_unusable(self._folder))
            self._folder.leave_out(self._attempt, found)
        except Exception as error:  # the run's end must be recorded after any error
            sys.stderr.write(f"what the script left is not recorded: {describe(error)}\n")

    def _retry(self) -> None:
        """Queue the next attempt, at the place of this one."""
        self._close_recording()
        begin_retry(self._folder, self._launch, "the script was killed")
        queue, ticket = self._slot.queue, self._slot.ticket
        with queue.lock():
            queue.write(ticket._replace(attempt=self._attempt + 1, note=None))
            queue.vacate(self._launch.run_id)

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
            return f"its model is not registered: {describe(error)}"
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

    def _end_stopped(self, exit_code: int | None) -> None:
        """Record the end of a run that was canceled, or whose supervisor received a signal."""
        if self._is_canceled:
            self._end("Canceled", exit_code, "canceled")
        else:
            reason = (
                f"supervisor received SIGTERM; continue the run with: dressage resume {self._launch.run_id}"
            )
            self._end("Failed", exit_code, reason, interrupted=True)

    def _end(
        self,
        state: str,
        exit_code: int | None = None,
        reason: str | None = None,
        *,
        interrupted: bool = False,
    ) -> None:
        self._leave_queue()  # first: a run that has ended must not be started again
        self._enter(state, exit_code=exit_code, reason=reason, interrupted=interrupted)
        self._slot.queue.vacate(self._launch.run_id)

    def _leave_queue(self) -> None:
        """Remove the run's ticket, once: nobody writes one for an attempt that a supervisor has had."""
        if self._is_queued:
            self._slot.queue.leave(self._launch.run_id)
            self._is_queued = False

    def _enter(self, state: str, **fields: Any) -> None:
        self._folder.enter(self._attempt, state, **fields)

    def _stop(self, *_: object) -> None:
        self._is_stopping = True

    @property
    def _is_canceled(self) -> bool:
        return self._folder.cancel.exists()


def begin_retry(folder: RunFolder, launch: Launch, reason: str) -> None:
    """Record that the next attempt follows an interruption, and prepare its launch. reason: of the interruption."""
    folder.retry(launch.attempt + 1, f"attempt {launch.attempt + 1} follows: {reason}")
    launch._replace(attempt=launch.attempt + 1, retries=launch.retries - 1).write(folder.launch)


def _format_seconds(seconds: float) -> str:
    """Return a duration as users give it: "90 s", "15 min", "2 h"."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
