"""Folders of files: list, copy, link and remove them."""

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

_FICLONE = 0x40049409
"""The Linux ioctl that lets two files share their blocks until one of them is written (btrfs, xfs, ...)."""


def files_below(folder: Path) -> Iterator[str]:
    """Yield the relative paths of the files below a folder, with forward slashes; none if the folder does not exist.

    Links to files are listed as files. Links to folders are not followed, because one may lead upward. Broken links,
    pipes and sockets are skipped.
    """
    for parent, _, names in os.walk(folder):
        for name in names:
            if (path := Path(parent, name)).is_file():
                yield path.relative_to(folder).as_posix()


def copy_file(source: Path, target: Path) -> None:
    """Make a writable copy, which shares its blocks with the source if the file system supports it."""
    if not _clone(source, target):
        shutil.copyfile(source, target)


def link_file(source: Path, target: Path) -> None:
    """Make a hard link, or a read-only copy if the file system refuses links."""
    try:
        target.hardlink_to(source)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
            raise
        copy_file(source, target)
        target.chmod(0o444)


def remove_tree(folder: Path) -> None:
    """Remove a folder with everything in it, including read-only folders."""
    for parent, _, _ in os.walk(folder):
        Path(parent).chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)


def _clone(source: Path, target: Path) -> bool:
    """Return whether the file system made a copy that shares the source's blocks."""
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
