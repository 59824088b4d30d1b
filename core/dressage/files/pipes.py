"""Named pipes, with which one process wakes another without its process id."""

import errno
import os
from pathlib import Path

_UNREAD = (errno.ENOENT, errno.ENXIO)


def poke(pipe: Path | str, data: bytes) -> bool:
    """Write to a named pipe without blocking. Returns False if the pipe does not exist or no process reads it.

    If the pipe is full, nothing is written and True is returned: its reader is awake anyway. Raises OSError.
    """
    try:
        descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _UNREAD:
            return False
        raise
    try:
        os.write(descriptor, data)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return True
