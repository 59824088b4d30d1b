"""Ask a supervisor to stop its run: through a FIFO in the run's folder, so that no process id is needed.

Only a living supervisor reads the FIFO. It works across containers that share the workspace on one machine.
"""

import os
from pathlib import Path

from dressage.files.pipes import poke


def open_control(path: Path) -> int:
    """Create the FIFO, and return a descriptor that becomes readable when somebody asks to stop."""
    path.unlink(missing_ok=True)
    os.mkfifo(path, 0o600)
    return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)


def request_stop(path: Path) -> bool:
    """Ask the reader of the FIFO to stop. Returns False if there is none."""
    return poke(path, b"x")
