"""The process of a run's script: start it, end it, and say how it ended."""

import fcntl
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from dressage.records.run_folder import RunFolder
from dressage.supervision.identities import Identity
from dressage.supervision.logs import failure_line
from dressage.supervision.resources import Claims

_KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)
"""Return codes of a script that was killed, perhaps by the out-of-memory killer; the second one is a shell's."""


def start_script(
    folder: RunFolder,
    argv: list[str],
    environ: Mapping[str, str],
    claims: Claims,
    *,
    umask: int | None = None,
    output: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start the script in a new process group.

    The script holds a lock while it runs. If this process is killed, others find the script by it.
    claims: of the machine; the script inherits them, and this process gives them up. umask: None for this process's.
    output: where it writes; None for the log.
    """
    lock = os.open(folder.lock("script"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.ftruncate(lock, 0)
    with folder.log.open("ab") as log:
        written = log.fileno() if output is None else output
        script = subprocess.Popen(
            argv,
            cwd=folder.work,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            start_new_session=True,
            umask=-1 if umask is None else umask,
            pass_fds=[lock, *(claim.descriptor for claim in claims.locks)],
        )
    with suppress(ProcessLookupError):  # if we are killed before, others find the script as the lock's holder
        os.write(lock, str(Identity.of(script.pid)).encode())
    os.close(lock)
    claims.release()
    return script


def signal_group(group: int, number: int) -> None:
    """Send a signal to a process group, if it still exists."""
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def was_killed(returncode: int) -> bool:
    """Return whether the script was killed from outside, and so did not fail by itself."""
    return returncode in _KILLED


def exit_code_of(returncode: int) -> int:
    """Return the exit code as a shell does: for a script that a signal ended, 128 plus the signal's number."""
    return returncode if returncode >= 0 else 128 - returncode


def describe_failure(returncode: int, log: Path, run_id: str, hidden: Mapping[str, str]) -> str:
    """Return why the script failed: the line of its log that most likely says it, or what killed it.

    hidden: as in `failure_line`.
    """
    exit_code = exit_code_of(returncode)
    if was_killed(returncode):
        then = f"continue the run with: dressage resume {run_id}"
        return f"the script was killed (exit code {exit_code}), perhaps because memory ran out; {then}"
    end = f"the script ended with exit code {exit_code}"
    if returncode < 0:
        end += f", killed by {signal.Signals(-returncode).name}"
    line = failure_line(log, exit_code, hidden=hidden)
    return f"{end}: {line}" if line else end
