"""The content of folders, to compare it before and after something that must not change it."""

import os
import stat
from pathlib import Path

from dressage.files.digests import digest_of_file

_CACHES = (".lock", ".log", ".sqlite", ".sqlite-wal", ".sqlite-shm", ".sqlite-journal", ".pyc")
"""Ends of the names of files that a plan may write: locks, logs, and caches whose loss changes nothing."""


def read_tree(folder: Path) -> dict[str, str]:
    """Return the digest of each file and the target of each link below the folder, by path.

    Locks, logs and caches are left out, and so are pipes, sockets and empty folders.
    """
    found: dict[str, str] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            if not name.endswith(_CACHES) and (content := _read(Path(parent, name))):
                found[str(Path(parent, name).relative_to(folder))] = content
    return found


def find_differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Return the paths that differ, each with what happened to it."""
    changed = [path for path in sorted(before.keys() & after.keys()) if before[path] != after[path]]
    return [
        *(f"new: {path}" for path in sorted(after.keys() - before.keys())),
        *(f"gone: {path}" for path in sorted(before.keys() - after.keys())),
        *(f"changed: {path}" for path in changed),
    ]


def _read(path: Path) -> str | None:
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            return f"link to {path.readlink()}"
        return digest_of_file(path) if stat.S_ISREG(mode) else None
    except FileNotFoundError:  # it is gone again
        return None
