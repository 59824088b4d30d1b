"""The permissions of new files: our own processes follow those of the workspace's folder, whatever the umask is.

The umask is one for the whole process. So only processes that are ours change it: the command line, keepers,
supervisors and the delivery of events. What they write outside of the workspace, and scripts, have the user's umask.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_of_user: list[int] = []
"""The umask that `follow_folder` replaced, once it was called."""


def follow_folder(mode: int) -> None:
    """Let files that this process creates be used by those who may use a folder with this mode."""
    before = os.umask(0o777 & ~mode)
    if not _of_user:
        _of_user.append(before)


def umask_of_user() -> int:
    """Return the umask that the user chose: the process's own, unless `follow_folder` replaced it."""
    return _of_user[0] if _of_user else _current()


def lenient_umask() -> int:
    """Return a umask for programs that write to the workspace and elsewhere: all that it or the user's allows."""
    return umask_of_user() & _current()


@contextmanager
def as_user() -> Iterator[None]:
    """Create files with the user's umask inside the block: for files outside of the workspace."""
    before = os.umask(umask_of_user())
    try:
        yield
    finally:
        os.umask(before)


def create_database(path: Path) -> None:
    """Create an empty file for SQLite, which would not let a group write to it; an existing one is kept."""
    with suppress(OSError):  # SQLite says what is wrong
        path.touch()


def _current() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
