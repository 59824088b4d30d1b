"""Patterns of files that a snapshot has although something leaves them out."""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

from dressage.storage.secret_files import names_secret


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
