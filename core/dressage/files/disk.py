"""Errors of the operating system: which file they are about, and what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ADVICE = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.EFBIG: "make room",
    errno.EACCES: "grant access",
    errno.EPERM: "grant access",
    errno.EROFS: "name a place that can be written",
}


def describe(error: OSError) -> str:
    """One line: the file, what happened, and the next step."""
    where = f"{str(error.filename)!r}: " if error.filename else ""
    advice = _ADVICE.get(error.errno or 0)
    return f"{where}{error.strerror or error}" + (f"; {advice}, then run it again" if advice else "")


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name the file in errors that do not: writing to a full disk fails without a name."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise
