"""The process of a run's supervisor: start it, explain its end, and end the script that a killed one left behind."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from dressage.files.locks import FileLock, is_locked
from dressage.records.run_folder import RunFolder
from dressage.supervision.logs import last_line

_BOOTSTRAP = """\
import sys
sys.path[:0] = sys.argv.pop(1).split("\\n")
from dressage.supervision.supervisor import main
main()
"""
_LEFTOVER_S = 10.0
"""How long to wait until a killed script has released its lock."""


def start(folder: RunFolder, *locks: FileLock) -> None:
    """Start the supervisor in a new session. It inherits its own lock and its ticket's, which show that it is alive.

    Python starts without `site`, which takes time; the supervisor gets our sys.path instead.
    """
    with folder.supervisor_log.open("ab") as errors:
        subprocess.Popen(
            [
                sys.executable,
                "-S",
                "-c",
                _BOOTSTRAP,
                "\n".join(filter(None, sys.path)),
                str(folder.path),
                *(str(lock.descriptor) for lock in locks),
            ],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            start_new_session=True,
            pass_fds=[lock.descriptor for lock in locks],
            cwd=folder.path,
        )


def explain_end(folder: RunFolder) -> str:
    """Return why a supervisor ended before the run did."""
    log = folder.supervisor_log
    error = last_line(log)
    return f"its supervisor failed: {error} (see {str(log)!r})" if error else "its supervisor was killed"


def end_leftover(folder: RunFolder) -> None:
    """Kill the script of an attempt whose supervisor was killed; otherwise two scripts would write to the folder."""
    lock = folder.lock("script")
    if not is_locked(lock):
        return
    if group := lock.read_text():
        with suppress(ProcessLookupError):  # the lock's holder has left the script's process group
            os.killpg(int(group), signal.SIGKILL)
    if not watch_release(lock).wait(_LEFTOVER_S):
        lock.unlink()  # held by a daemon that inherited it and continues after the run


def watch_release(path: Path) -> threading.Event:
    """Return an event that is set once no process holds the lock at `path`."""
    free = threading.Event()

    def watch() -> None:
        with FileLock(path):
            free.set()

    threading.Thread(target=watch, daemon=True).start()
    return free
