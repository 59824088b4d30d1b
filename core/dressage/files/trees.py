"""Folders of files: list, copy, link and remove them."""

import errno
import os
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dressage.files.copying import copy_once


def files_below(folder: Path, skipped: Container[str] = ()) -> Iterator[str]:
    """Yield the relative paths of the files below a folder, with forward slashes; none if the folder does not exist.

    Links to files are listed as files. Links to folders are not followed, because one may lead upward. Broken links,
    pipes and sockets are skipped, and so are folders with a name in `skipped`.
    """
    pending = [""]
    while pending:
        prefix = pending.pop()
        try:
            entries = os.scandir(os.path.join(folder, prefix))  # noqa: PTH118 - pathlib is ten times slower
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        with entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in skipped:
                        pending.append(f"{prefix}{entry.name}/")
                elif entry.is_file():
                    yield prefix + entry.name


def link_file(source: str, target: str) -> None:
    """Make a hard link, or a read-only copy if the file system refuses links."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
            raise
        copy_once(source, target)


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Allow changes in a folder, which may be read-only, inside the block."""
    mode = folder.stat().st_mode
    folder.chmod(mode | 0o200)
    try:
        yield
    finally:
        folder.chmod(mode)


def make_read_only(path: str | Path) -> None:
    """Take away the permissions to write a file or a folder."""
    os.chmod(path, os.stat(path).st_mode & 0o7555)  # noqa: PTH101, PTH116 - a Path for each is slow


def remove_tree(folder: Path) -> None:
    """Remove a folder with everything in it, including read-only folders."""
    import shutil

    for parent, _, _ in os.walk(folder):
        with suppress(PermissionError):  # another user's, in a shared workspace
            Path(parent).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
