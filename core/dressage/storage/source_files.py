"""The files of a source directory: which of them a snapshot has, and which it leaves out, and why."""

import fcntl
import os
import shlex
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from dressage.errors import SpecError
from dressage.files.stamps import Stamp, stamp_of
from dressage.results.plans import LeftOut
from dressage.storage.ignore_rules import CACHES, TRACKERS, Rules, find_ignoring, read_rules
from dressage.storage.includes import Includes, Only
from dressage.storage.secret_files import find_secret_name, is_secret_configuration
from dressage.storage.source_links import OUTSIDE, Links
from dressage.storage.system_folders import find_system_folder, refuse_system_folder
from dressage.storage.tallies import Tally

_WRITABLE = os.O_WRONLY | os.O_RDWR
_DEFAULT = "by default"
_LISTED = "by the list of files with secrets"
_OUTPUT = "the output of this command"
_UNREADABLE = "cannot be read"
_FOLLOWED = "followed link"
"""Not a reason: in an included link, only what the patterns match is taken."""


class SourceFiles(NamedTuple):
    """files: each path with its stamp, sorted. left_out: what is not among them, by reason, the largest first."""

    files: list[tuple[str, Stamp]]
    left_out: tuple[LeftOut, ...]


def find_source_files(
    directory: Path,
    include: Sequence[str] = (),
    needed: Iterable[str] = (),
    only: Sequence[str] = (),
    secret_files: Iterable[str] = (),
) -> SourceFiles:
    """Return the files of a source directory, without reading them.

    include: patterns of files that are taken although they are ignored. needed: files that are taken anyway.
    only: the files and folders to take from; all if there are none. Other files are not counted as left out.
    secret_files: paths of files that have secrets, in addition to those whose names say so.
    Raises FileNotFoundError; SpecError if a pattern matches no file, if one of `only` leads to no file, or for a
    folder that nobody wants to copy.
    """
    refuse_system_folder(directory)
    needed = tuple(needed)
    includes, allowed = Includes(include, needed), Only(only, needed)
    walk = _Walk(directory, includes, allowed, frozenset(secret_files))
    walk.visit(str(directory), "", (), None)
    if includes.unmatched:
        patterns = ", ".join(map(repr, includes.unmatched))
        raise SpecError(
            f"include {patterns}: matches no file in {str(directory)!r}; correct the pattern or remove it"
        )
    if allowed.unused:
        paths = ", ".join(map(repr, allowed.unused))
        raise SpecError(f"only {paths}: no file to take in {str(directory)!r}; correct the path or remove it")
    return SourceFiles(sorted(walk.files), walk.tally.results())


class _Walk:
    """Collects the files of a folder, and of those below it.

    In its methods, `rules` are those of the ignore files from the top folder down, and `reason` says why the folder
    is left out; it is None if it is not.
    """

    def __init__(self, directory: Path, includes: Includes, only: Only, secret_files: frozenset[str]) -> None:
        self.files: list[tuple[str, Stamp]] = []
        self.tally = Tally()
        self._includes = includes
        self._only = only
        self._secret_files = secret_files
        self._outputs = set(_find_outputs())
        self._links = Links(str(directory))

    def visit(self, folder: str, prefix: str, rules: tuple[Rules, ...], reason: str | None) -> None:
        """Take the files of a folder that are not left out, and count the others."""
        if reason and not self._includes.may_take_from(prefix):
            return self._count(folder, prefix, reason)
        entries = self._list(folder, prefix, reason)
        names = {entry.name for entry in entries}
        if prefix and "pyvenv.cfg" in names:
            if not self._includes.name(prefix[:-1]):
                return None
            reason = reason or _DEFAULT
        if reason is None:
            rules = (*rules, *read_rules(folder, prefix, names))
        for entry in entries:
            path = prefix + entry.name
            if not self._only.allow(path):
                continue
            if entry.is_dir(follow_symlinks=False):
                self._visit_folder(entry, path, rules, reason)
            elif entry.is_file():
                self._visit_file(entry, path, reason or find_ignoring(path, entry.name, rules))
            elif entry.is_symlink():
                self._visit_link(entry, path, rules, reason)
        return None

    def _count(self, folder: str, prefix: str, reason: str) -> None:
        """Count the files of a folder of which none is taken, until the limit is reached."""
        pending = [(folder, prefix)] if reason is not _FOLLOWED else []
        while pending and not self.tally.is_full(reason):
            folder, prefix = pending.pop()
            entries = self._list(folder, prefix, reason)
            if any(entry.name == "pyvenv.cfg" for entry in entries):
                continue
            for entry in entries:
                if entry.is_file():
                    if self.tally.is_full(reason):
                        return
                    with suppress(FileNotFoundError):  # it has just been deleted
                        self.tally.add_file(reason, prefix + entry.name, entry.stat().st_size)
                elif entry.is_dir(follow_symlinks=False) and entry.name not in CACHES:
                    pending.append((entry.path, f"{prefix}{entry.name}/"))

    def _list(self, folder: str, prefix: str, reason: str | None) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as found:
                return list(found)
        except (PermissionError, FileNotFoundError) as error:
            if not prefix:
                raise
            if reason is None and isinstance(error, PermissionError):
                self.tally.add_path(_UNREADABLE, prefix[:-1])
            return []

    def _visit_folder(
        self, entry: os.DirEntry[str], path: str, rules: tuple[Rules, ...], reason: str | None
    ) -> None:
        if entry.name in CACHES:
            if entry.name == ".dressage" or not self._includes.name(path):
                return
            reason = reason or _DEFAULT
        elif entry.name in TRACKERS and not _is_package(entry.path):
            reason = reason or _DEFAULT
        self.visit(entry.path, f"{path}/", rules, reason or find_ignoring(f"{path}/", entry.name, rules))

    def _visit_file(self, entry: os.DirEntry[str], path: str, reason: str | None) -> None:
        try:
            status = entry.stat()
        except FileNotFoundError:  # it has just been deleted
            return
        if secret := self._find_secret(entry, path):
            is_taken = self._includes.take_secret(path, secret)
            reason = None if is_taken else f"{_LISTED}; --include {shlex.quote(secret)} copies it"
        elif (reason or self._includes.has_patterns) and self._includes.take(path):
            reason = None
        if self._outputs and (status.st_dev, status.st_ino) in self._outputs:
            reason = _OUTPUT
        if reason is None:
            self.files.append((path, stamp_of(status)))
            self._only.note(path)
        elif reason is not _FOLLOWED:
            self.tally.add_file(reason, path, status.st_size)

    def _find_secret(self, entry: os.DirEntry[str], path: str) -> str | None:
        """Return the name of the file or folder that says that a file has secrets; None if it has none."""
        if path in self._secret_files or (
            entry.is_symlink() and find_secret_name(os.path.realpath(entry.path))
        ):
            return entry.name
        if is_secret_configuration(entry.path):
            return entry.name
        return find_secret_name(path)

    def _visit_link(
        self, entry: os.DirEntry[str], path: str, rules: tuple[Rules, ...], reason: str | None
    ) -> None:
        """Follow a link to another folder of the source directory, and one that is included."""
        target, here = os.path.realpath(entry.path), os.path.realpath(os.path.dirname(entry.path))  # noqa: PTH120
        problem = self._links.find_problem(target, here)
        if problem == OUTSIDE and (kind := find_system_folder(Path(target))):
            return self.tally.add_path(f"link to {kind}", path)
        reason = (
            reason or find_ignoring(path, entry.name, rules) or find_ignoring(f"{path}/", entry.name, rules)
        )
        if problem in (None, OUTSIDE) and self._includes.match(path):
            if problem and not self._includes.has_patterns:  # only the script is taken
                self.tally.add_path(problem, path)
            reason = _FOLLOWED
        elif problem and (reason is None or problem == OUTSIDE):
            return self.tally.add_path(problem, path)
        elif reason or self._links.is_left_out(target):
            return None
        with self._links.followed(here):
            return self.visit(entry.path, f"{path}/", rules, reason)


def _is_package(folder: str) -> bool:
    return os.path.exists(f"{folder}/__init__.py")  # noqa: PTH110 - a Path for each folder is slow


def _find_outputs() -> Iterator[tuple[int, int]]:
    """Yield device and inode of the files that this process writes to, such as its redirected output."""
    names: list[str] = []
    with suppress(OSError):  # a container without /dev/fd
        names = os.listdir("/dev/fd")  # noqa: PTH208 - there is no Path of a descriptor
    for name in names:
        with suppress(OSError):
            status = os.fstat(int(name))
            if stat.S_ISREG(status.st_mode) and fcntl.fcntl(int(name), fcntl.F_GETFL) & _WRITABLE:
                yield status.st_dev, status.st_ino
