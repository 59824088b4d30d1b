"""The files of a source directory that a snapshot leaves out: `.amlignore`, or else `.gitignore`, in each folder."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from dressage.files.stamps import Stamp, stamp_of

_ALWAYS_IGNORED = frozenset(
    {".git", ".hg", ".svn", ".dressage", ".venv", "venv", "__pycache__", "node_modules", ".ipynb_checkpoints"}
)
_IGNORE_FILES = (".amlignore", ".gitignore")
_SPECIAL = frozenset("*?[]!/\\#")


def walk_source(directory: Path) -> Iterator[tuple[str, Stamp]]:
    """Yield the relative path and the stamp of each file that is not left out. Raises FileNotFoundError."""
    return _walk(str(directory), "", ())


def _walk(folder: str, prefix: str, rules: tuple["_Rules", ...]) -> Iterator[tuple[str, Stamp]]:
    """rules: the ignore files from the top folder down."""
    with os.scandir(folder) as found:
        entries = list(found)
    rules = (*rules, *_read_rules(folder, prefix, {entry.name for entry in entries}))
    for entry in entries:
        path = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in _ALWAYS_IGNORED and not _is_ignored(path + "/", entry.name, rules):
                yield from _walk(entry.path, path + "/", rules)
        elif entry.is_file() and not _is_ignored(path, entry.name, rules):
            yield path, stamp_of(entry.stat())


def _read_rules(folder: str, prefix: str, names: set[str]) -> Iterator["_Rules"]:
    for name in _IGNORE_FILES:
        if name in names and (path := Path(folder, name)).is_file():
            yield _Rules(prefix, path.read_text(encoding="utf-8").splitlines())
            return


def _is_ignored(path: str, name: str, rules: tuple["_Rules", ...]) -> bool:
    """Return whether the path is left out: the nearest ignore file with a matching pattern decides, as in git."""
    for rule in reversed(rules):
        verdict = rule.judge(path, name)
        if verdict is not None:
            return verdict
    return False


class _Rules:
    """The patterns of one ignore file. prefix: of its folder.

    Most patterns are a name or an ending such as "*.pyc", and most paths match none of these, which is quick to find
    out. One regular expression has the other patterns. Only a path that may match is compared with each pattern.
    """

    def __init__(self, prefix: str, lines: list[str]) -> None:
        from pathspec import GitIgnoreSpec

        self._start = len(prefix)
        self._spec: Any = GitIgnoreSpec.from_lines(lines)
        patterns = {line.rstrip() for line in lines if line.strip() and not line.startswith("#")}
        plain = {pattern: pattern.removeprefix("!").removesuffix("/") for pattern in patterns}
        self._names = {name for name in plain.values() if _SPECIAL.isdisjoint(name)}
        endings = {
            name[1:]
            for name in plain.values()
            if name[:1] == "*" and name[1:] and _SPECIAL.isdisjoint(name[1:])
        }
        self._endings = tuple(endings)
        others = [
            pattern for pattern, name in plain.items() if name not in self._names and name[1:] not in endings
        ]
        self._others = _join(GitIgnoreSpec.from_lines(others).patterns)

    def judge(self, path: str, name: str) -> bool | None:
        """Return whether the path is left out; None if no pattern matches."""
        inner = path[self._start :]
        if name not in self._names and not name.endswith(self._endings) and not self._others(inner):
            return None
        verdict: bool | None = self._spec.check_file(inner).include
        return verdict


def _join(patterns: Iterable[Any]) -> Callable[[str], object]:
    """Return a function that says whether one of the patterns may match a path."""
    texts = [pattern.regex.pattern for pattern in patterns if pattern.regex is not None]
    if not texts:
        return lambda _: False
    joined = "|".join(re.sub(r"\(\?P<\w+>", "(?:", text) for text in texts)  # a group's name must be unique
    return re.compile(joined).search
