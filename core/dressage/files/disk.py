"""Errors in one line; those of the operating system with the file, the reason, and what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""The errors of a full disk, an exhausted quota, and a file larger than this process may write."""
_ADVICE = {
    **dict.fromkeys(FULL, "free some space"),
    errno.EACCES: "grant access",
    errno.EPERM: "grant access",
    errno.EROFS: "choose a writable folder",
}


def describe(error: Exception) -> str:
    """Return the error as one line. For an error of the operating system: the file, the reason, and the next step."""
    if not isinstance(error, OSError):
        return str(error)
    where = f"{str(error.filename)!r}: " if error.filename else ""
    advice = _ADVICE.get(error.errno or 0)
    return f"{where}{error.strerror or error}" + (f"; {advice}, then run the command again" if advice else "")


@contextmanager
def name_in_errors(path: Path) -> Iterator[None]:
    """Add the path to errors that name no file, as a write to a full disk does."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise
