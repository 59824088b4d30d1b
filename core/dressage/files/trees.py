"""Folders of files: listing, copying without copying, removing."""

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

_FICLONE = 0x40049409
"""Linux: let a file share another's blocks until one of them is written to (btrfs, xfs, ...)."""


def files_below(folder: Path) -> Iterator[str]:
    """The files below a folder, relative, with forward slashes; nothing if there is no folder.

    Links to files count as files; links to folders are not entered, lest one leads upward. Links to nothing,
    pipes and sockets hold no bytes to keep.
    """
    for parent, _, names in os.walk(folder):
        for name in names:
            if (path := Path(parent, name)).is_file():
                yield path.relative_to(folder).as_posix()


def copy_file(source: Path, target: Path) -> None:
    """A writable copy that shares its blocks with the source where the file system can."""
    if not _cloned(source, target):
        shutil.copyfile(source, target)


def link_file(source: Path, target: Path) -> None:
    """The same bytes under another name: a hard link, or a copy where links are refused."""
    try:
        target.hardlink_to(source)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
            raise
        copy_file(source, target)
        target.chmod(0o444)


def remove_tree(folder: Path) -> None:
    """Remove a folder, read-only ones in it too."""
    for parent, _, _ in os.walk(folder):
        Path(parent).chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)


def _cloned(source: Path, target: Path) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        with source.open("rb") as old, target.open("wb") as new:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EACCES, errno.ENOSPC):
            raise
        return False
    return True
