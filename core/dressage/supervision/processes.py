"""A run's supervisor, seen from outside: starting it, finding it, ending what a killed one left behind."""

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
"""How long a script that was killed may take to let go of its lock."""


def start(folder: RunFolder, *locks: FileLock) -> None:
    """Start the supervisor, in a session of its own, with the locks that say it lives: its own and its ticket's.

    Without `site`, which takes time: it gets our own path instead.
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


def last_words(folder: RunFolder) -> str:
    """Why a supervisor ended without saying how the run did."""
    log = folder.supervisor_log
    words = last_line(log)
    return f"its supervisor failed: {words} (see {str(log)!r})" if words else "its supervisor was killed"


def end_leftover(folder: RunFolder) -> None:
    """End the script of an attempt whose supervisor was killed: it would write beside the new one's."""
    lock = folder.lock("script")
    if not is_locked(lock):
        return
    if group := lock.read_text():
        with suppress(ProcessLookupError):  # what holds it has left the script's group
            os.killpg(int(group), signal.SIGKILL)
    if not released(lock).wait(_LEFTOVER_S):
        lock.unlink()  # a daemon that inherited it, and that no end of a run stops


def released(path: Path) -> threading.Event:
    """An event that is set once nobody holds the lock at `path`."""
    free = threading.Event()

    def watch() -> None:
        with FileLock(path):
            free.set()

    threading.Thread(target=watch, daemon=True).start()
    return free
