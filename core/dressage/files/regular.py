"""Read and extend files that somebody else may have replaced, such as by a folder or a named pipe."""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path


def open_regular(path: Path) -> BufferedReader:
    """Open a file to read its bytes. Raises OSError, also for what is not a file: a pipe would block."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a file; move it elsewhere", str(path))
    return os.fdopen(descriptor, "rb")


def read_regular(path: Path) -> bytes:
    """Return the bytes of a file. Raises OSError, as `open_regular`."""
    with open_regular(path) as file:
        return file.read()


def append_regular(path: Path, content: bytes) -> None:
    """Add bytes to the end of a file, in one write. It is created if there is none.

    Raises OSError, also for a folder (EISDIR), and for a pipe without a reader (ENXIO), which would block.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
    with os.fdopen(os.open(path, flags, 0o666), "ab", buffering=0) as file:
        file.write(content)
