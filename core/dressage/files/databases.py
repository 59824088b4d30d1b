"""Caches in SQLite: say what is wrong with one, and remove it."""

import sqlite3
from contextlib import suppress
from pathlib import Path

_UNAVAILABLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_PERM,
    }
)


def is_unavailable(error: Exception) -> bool:
    """Return whether a database cannot be used now, although it is not damaged: locked, read-only, a full disk."""
    code = getattr(error, "sqlite_errorcode", None)  # the lower byte; the others say more
    return code is not None and code & 0xFF in _UNAVAILABLE


def remove_database(path: Path) -> None:
    """Remove a database and the files that belong to it; its next user creates it again."""
    for file in path.parent.glob(f"{path.name}*"):
        with suppress(OSError):
            file.unlink()
