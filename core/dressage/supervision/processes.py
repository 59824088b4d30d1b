"""The processes of a run on this machine: why a supervisor ended, and the script that a killed one left behind."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dressage.errors import StageError
from dressage.files.locks import is_locked, wait_until_free
from dressage.records.run_folder import RunFolder
from dressage.supervision.identities import Identity, this_place
from dressage.supervision.logs import last_line

_LEFTOVER_S = 10.0
"""How long to wait until a killed script has released its lock."""


def explain_end(folder: RunFolder) -> str:
    """Return why a supervisor ended before the run did."""
    log = folder.supervisor_log
    error = last_line(log)
    reason = f"its supervisor failed: {error} (see {str(log)!r})" if error else "its supervisor was killed"
    # In the past tense: the reason is recorded, and the script may be ended later.
    return f"{reason} while its script was running" if has_leftover(folder) else reason


def has_leftover(folder: RunFolder) -> bool:
    """Return whether the script of a run without a supervisor is still running."""
    return is_locked(folder.lock("script")) and not is_locked(folder.lock("supervisor"))


def end_leftover(folder: RunFolder) -> None:
    """Kill the script of an attempt whose supervisor was killed; otherwise two scripts would write to the folder.

    Raises StageError if the script is not provably a process of this machine and container: nothing is killed then.
    """
    lock = folder.lock("script")
    if not is_locked(lock):
        return
    kill_leftover(folder)
    if not watch_release(lock).wait(_LEFTOVER_S):
        lock.unlink()  # held by a daemon that inherited it and continues after the run


def kill_leftover(folder: RunFolder) -> None:
    """Send SIGKILL to what is left of a script, without waiting for its end. Raises StageError as `end_leftover`."""
    lock = folder.lock("script")
    text = lock.read_bytes()
    script = Identity.parse(text)
    if text and (script is None or script.place != this_place()):
        raise StageError(
            "model",
            f"the script of run {folder.path.name!r} is still running in another container or on another machine;"
            " end it there, then repeat the command",
        )
    for group in _find_groups(folder, script):
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def _find_groups(folder: RunFolder, script: Identity | None) -> Iterator[int]:
    """Yield the script's process group. If its leader has exited, or is not known because the supervisor was killed
    just then, another process shows it: it has the lock's file open, and is in the group or in the script's folder.
    """
    if script and script.is_here:
        yield script.process
        return
    wanted = _inode(folder.lock("script"))
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            group = os.getpgid(int(process.name))
            is_candidate = (
                group == script.process if script else (process / "cwd").readlink() == folder.work.resolve()
            )
            if is_candidate and wanted in {_inode(entry) for entry in (process / "fd").iterdir()}:
                yield group
                return


def _inode(path: Path) -> int | None:
    with suppress(OSError):
        return path.stat().st_ino
    return None


def find_stopped(folder: RunFolder) -> int | None:
    """Return the process id of the run's supervisor if it was stopped (SIGSTOP); None if it is not, or not here."""
    with suppress(OSError):
        supervisor = Identity.parse(folder.lock("supervisor").read_bytes())
        if supervisor and supervisor.is_stopped:
            return supervisor.process
    return None


def signal_supervisor(folder: RunFolder) -> None:
    """Send SIGTERM to the run's supervisor, if it is here: its FIFO may have been deleted."""
    with suppress(OSError):
        supervisor = Identity.parse(folder.lock("supervisor").read_bytes())
        if supervisor and supervisor.is_here:
            os.kill(supervisor.process, signal.SIGTERM)


def watch_release(path: Path) -> threading.Event:
    """Return an event that is set once no process holds the lock at `path`."""
    free = threading.Event()

    def watch() -> None:
        wait_until_free(path)
        free.set()

    threading.Thread(target=watch, daemon=True).start()
    return free
