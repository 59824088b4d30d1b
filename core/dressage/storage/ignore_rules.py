"""Which paths a snapshot leaves out: `.amlignore`, or else `.gitignore`, in each folder, and what nobody wants."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

_IGNORE_FILES = (".amlignore", ".gitignore")
_SPECIAL = frozenset("*?[]!/\\#")

CACHES = frozenset(
    {
        *(".git", ".hg", ".svn", ".dressage", ".venv", "venv", "__pycache__", "node_modules"),
        *(".ipynb_checkpoints", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".tox", ".nox"),
    }
)
"""Names of folders that are always left out: version control, virtual environments and caches."""
TRACKERS = frozenset({"mlartifacts", "mlruns", "wandb"})
"""Names of folders in which other tools keep the results of earlier runs; left out unless they are packages."""


def read_rules(folder: str, prefix: str, names: set[str]) -> Iterator["Rules"]:
    """Yield the rules of a folder's ignore file, if it has one. names: of the folder's entries."""
    for name in _IGNORE_FILES:
        if name in names and (path := Path(folder, name)).is_file():
            yield Rules(name, prefix, path.read_text(encoding="utf-8", errors="surrogateescape").splitlines())
            return


def find_ignoring(path: str, name: str, rules: tuple["Rules", ...]) -> str | None:
    """Return why a path is left out, such as "by .gitignore"; None if it is not.

    The nearest ignore file with a matching pattern decides, as in git.
    """
    for rule in reversed(rules):
        verdict = rule.judge(path, name)
        if verdict is not None:
            return f"by {rule.name}" if verdict else None
    return None


class Rules:
    """The patterns of one ignore file. name: of the file. prefix: of its folder.

    Most patterns are a name or an ending such as "*.pyc", and most paths match none of these, which is quick to find
    out. One regular expression has the other patterns. Only a path that may match is compared with each pattern.
    """

    def __init__(self, name: str, prefix: str, lines: list[str]) -> None:
        from pathspec import GitIgnoreSpec

        self.name = name
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
