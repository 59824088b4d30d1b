"""Which files a snapshot may have: the only ones, and patterns of those that it has although they are ignored."""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

from dressage.specs.names import is_below
from dressage.storage.secret_files import names_secret


class Only:
    """The files and folders that a snapshot may have, relative to the source directory; with none, it may have all.

    needed: paths of files that it may have anyway, such as the script.
    """

    def __init__(self, paths: Sequence[str], needed: Iterable[str] = ()) -> None:
        self._paths = paths
        self._needed = tuple(needed)
        self._unused = set(paths)

    @property
    def unused(self) -> tuple[str, ...]:
        """The paths under which no file was taken so far."""
        return tuple(path for path in self._paths if path in self._unused)

    def allow(self, path: str) -> bool:
        """Return whether a file or a folder may be in the snapshot, or a file below the folder."""
        return (
            not self._paths
            or any(is_below(path, one) for one in self._paths)
            or any(is_below(one, path) for one in (*self._paths, *self._needed))
        )

    def note(self, path: str) -> None:
        """Note that a file is taken."""
        self._unused = {one for one in self._unused if not is_below(path, one)}


class Includes:
    """The patterns, in the syntax of .gitignore, relative to the source directory.

    needed: paths of files that are taken anyway, such as the script.
    """

    def __init__(self, patterns: Sequence[str], needed: Iterable[str] = ()) -> None:
        self._needed = frozenset(str(PurePosixPath(path)) for path in needed)
        self._beginnings = [f"{pattern.removeprefix('./').strip('/')}/" for pattern in patterns]
        self._specs = [(pattern, _compile(pattern)) for pattern in patterns]
        self._unmatched = set(patterns)
        self.has_patterns = bool(patterns)

    @property
    def unmatched(self) -> tuple[str, ...]:
        """The patterns that matched no file so far."""
        return tuple(pattern for pattern, _ in self._specs if pattern in self._unmatched)

    def take(self, path: str) -> bool:
        """Return whether a file is taken, and note which patterns match it."""
        found = [pattern for pattern, spec in self._specs if spec.check_file(path).include]
        self._unmatched.difference_update(found)
        return bool(found) or path in self._needed

    def take_secret(self, path: str, name: str) -> bool:
        """Return whether a file with secrets is taken: only a pattern that says its name takes it.

        name: the part of the path that says that it has secrets.
        """
        patterns = [pattern for pattern, spec in self._specs if spec.check_file(path).include]
        found = [pattern for pattern in patterns if names_secret(pattern, name)]
        self._unmatched.difference_update(found)
        return bool(found) or path in self._needed

    def may_take_from(self, prefix: str) -> bool:
        """Return whether a file in a folder that is left out may be taken. prefix: "", or the folder with a '/'."""
        return self.has_patterns or any(path.startswith(prefix) for path in self._needed)

    def match(self, folder: str) -> bool:
        """Return whether a pattern matches a folder, or names something below it."""
        return self.name(folder) or any(spec.check_file(f"{folder}/").include for _, spec in self._specs)

    def name(self, folder: str) -> bool:
        """Return whether a pattern names a folder, or something below it; wildcards name no folder."""
        below = f"{folder}/"
        return any(begin.startswith(below) for begin in (*self._beginnings, *self._needed))


def _compile(pattern: str) -> Any:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines([pattern.removeprefix("./")])
