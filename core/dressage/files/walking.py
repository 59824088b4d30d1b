"""Walk a folder in which there may be anything: links, pipes, sockets, folders without access."""

import os
import stat
from collections.abc import Container, Iterator
from pathlib import Path
from typing import NamedTuple

OUTSIDE = "a link that leads out of the run's folder"
_AROUND = "a link to a folder that contains it"
_BROKEN = "a broken link"
_UNREADABLE = "a folder that cannot be read"
_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Found(NamedTuple):
    """A file. path: relative, with forward slashes. problem: what it is, if its content cannot be taken."""

    path: str
    problem: str | None = None

    @property
    def shown(self) -> str:
        """The path for people and records, with bytes that are not UTF-8 escaped."""
        return os.fsencode(self.path).decode(errors="backslashreplace")


class _Folder(NamedTuple):
    """A folder to look at. prefix: its path, with a '/'. followed: the folders of the links that led to it."""

    prefix: str
    followed: tuple[str, ...] = ()


def walk(folder: Path, *, inside: Path | None = None, skipped: Container[str] = ()) -> Iterator[Found]:
    """Yield the files below a folder, and what cannot be taken as a file; none if the folder does not exist.

    Links are followed, to folders too, if they lead to something in `inside`; None for anywhere. skipped: names of
    folders to pass over. No file is opened.
    """
    root = None if inside is None else os.path.realpath(inside)
    pending = [_Folder("")]
    while pending:
        current = pending.pop()
        try:
            entries = list(os.scandir(f"{folder}/{current.prefix}"))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:  # above all, no access
            yield Found(current.prefix.rstrip("/"), _UNREADABLE)
            continue
        for entry in entries:
            path = current.prefix + entry.name
            if entry.is_symlink():
                here = os.path.realpath(f"{folder}/{current.prefix}")
                problem = _judge_link(entry.path, (here, *current.followed), root)
                followed = (*current.followed, here)
            else:
                problem, followed = None, current.followed
            if problem is None and entry.is_dir():
                if entry.name not in skipped:
                    pending.append(_Folder(f"{path}/", followed))
            else:
                yield Found(path, problem or _judge_file(entry))


def leads_out(path: Path, inside: Path) -> bool:
    """Return whether a path leads to something that is not in the folder `inside`."""
    return not _contains(os.path.realpath(inside), os.path.realpath(path))


def _judge_link(link: str, above: tuple[str, ...], root: str | None) -> str | None:
    """Return why a link is not followed; None if it is. above: real paths of folders that a link may not lead to."""
    target = os.path.realpath(link)
    if root is not None and not _contains(root, target):
        return OUTSIDE
    if not os.path.exists(target):  # noqa: PTH110 - a Path for each link is slow
        return _BROKEN
    return _AROUND if any(_contains(target, folder) for folder in above) else None


def _judge_file(entry: os.DirEntry[str]) -> str | None:
    """Return what an entry is, if it is not a file with content."""
    if entry.is_file():
        return None
    try:
        return _KINDS.get(stat.S_IFMT(entry.stat().st_mode), "not a file")
    except OSError:
        return "deleted"


def _contains(folder: str, path: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")
