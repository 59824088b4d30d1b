"""Have the events in journals delivered to observers: announce a run, and start the delivering process.

A workspace has one delivering process, while there is something to deliver. Writers of journals wake it by a named
pipe, `observers/wake`. A run with observers has a file `observers.json`; without it, none of this happens.

observers/
  pending/RUN     a run with events that are not delivered to each of its observers yet, or that has not ended
  wake            the pipe; it exists while the process is running. A line is the id of a run whose journal has grown
  delivery.lock   held by the process
  next.lock       held by a process that is starting, or waits for the end of the one before it
  missing.json    variables that observers need and that the process does not have
  status/NAME     how far an observer is behind, and its last error

This module imports only the standard library: supervisors use it.
"""

import os
import subprocess
from contextlib import suppress
from pathlib import Path

from dressage.files.locks import FileLock
from dressage.files.permissions import umask_of_user
from dressage.files.pipes import poke
from dressage.files.python import command_of_module
from dressage.files.regular import read_regular

FOLDER = "observers"
STOP = "/stop"
"""A line in the pipe that ends the process, so that one with other variables can replace it."""
OBSERVERS = "observers.json"
_SHELL = '"$@" &'
"""The process becomes a child of init: the one that starts it may run for long and does not wait for it."""


def wake_pipe(root: Path) -> Path:
    """Return the path of the pipe. root: the workspace's root."""
    return root / FOLDER / "wake"


def wake(pipe: Path | str, line: str) -> bool:
    """Wake the delivering process, without blocking. Returns False if no process reads the pipe.

    If the pipe is full, the process looks at every run.
    """
    try:
        return poke(pipe, f"{line}\n".encode())
    except OSError:  # it belongs to another user, for example
        return False


def announce(folder: Path) -> None:
    """Have a run's new events delivered; do nothing if the run has no observers. folder: the run's folder.

    Never raises OSError: the end of a run is more important than the delivery. The next command tries again.
    """
    with suppress(OSError):
        if not (folder / OBSERVERS).exists():
            return
        root = folder.parent.parent
        (root / FOLDER / "pending" / folder.name).touch()
        if not wake(wake_pipe(root), folder.name):
            _start(root)


def ensure_delivery(root: Path) -> None:
    """Start the delivering process if there is something to deliver and it is not running; cheap otherwise.

    A process that lacks a variable that this one has is replaced. Never raises OSError.
    """
    with suppress(OSError):
        if not any((root / FOLDER / "pending").iterdir()):
            return
        if not wake(wake_pipe(root), "") or (_has_missing(root) and wake(wake_pipe(root), STOP)):
            _start(root)


def _start(root: Path) -> None:
    """Start a delivering process, unless one is already starting, or waits for the end of the one before it.

    The process inherits the lock, so that other processes do not start more of them in the meantime.
    """
    waiting = FileLock(root / FOLDER / "next.lock")
    if not waiting.acquire(blocking=False):
        return
    lock = waiting.descriptor
    command = [*command_of_module("dressage.delivery.process"), str(root), str(lock)]
    with waiting.release_at_end(), (root / "observers.log").open("ab") as log:
        subprocess.run(
            ["/bin/sh", "-c", _SHELL, "sh", *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=[lock],
            check=False,
            cwd=root,
            umask=umask_of_user(),
        )


def _has_missing(root: Path) -> bool:
    """Return whether this process has all variables that some observer lacks."""
    import json

    try:
        missing = json.loads(read_regular(root / FOLDER / "missing.json"))
        return any(all(name in os.environ for name in names) for names in missing.values())
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):  # none, or damaged
        return False
