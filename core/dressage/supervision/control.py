"""Ask a supervisor to stop its run: through a FIFO in the run's folder, so that no process id is needed.

Only a living supervisor reads the FIFO. It works across containers that share the workspace on one machine.
"""

import errno
import os
from contextlib import suppress
from pathlib import Path


def open_control(path: Path) -> int:
    """Create the FIFO, and return a descriptor that becomes readable when somebody asks to stop."""
    path.unlink(missing_ok=True)
    os.mkfifo(path, 0o600)
    return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)


def request_stop(path: Path) -> bool:
    """Ask the reader of the FIFO to stop. Returns False if there is none."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENXIO):
            return False
        raise
    try:
        with suppress(BlockingIOError):  # full: it was asked often enough
            os.write(descriptor, b"x")
    finally:
        os.close(descriptor)
    return True
