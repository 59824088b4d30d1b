"""Symbolic links to folders in a source directory: which ones a snapshot follows."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dressage.storage.ignore_rules import CACHES, TRACKERS, Rules, find_ignoring, read_rules
from dressage.storage.secret_files import find_secret_name

OUTSIDE = "link to a folder outside"
_AROUND = "link to a folder that contains it"
_BROKEN = "broken link"


class Links:
    """The links of the source directory `root`. Paths of folders are real ones, without links."""

    def __init__(self, root: str) -> None:
        self._root = os.path.realpath(root)
        self._followed: list[str] = []

    @contextmanager
    def followed(self, here: str) -> Iterator[None]:
        """Follow a link from the folder `here` inside the block."""
        self._followed.append(here)
        yield
        self._followed.pop()

    def find_problem(self, target: str, here: str) -> str | None:
        """Return why a link from the folder `here` is not followed; None if it is."""
        if not os.path.isdir(target):  # noqa: PTH112 - a Path for each link is slow
            return _BROKEN
        if any(_contains(target, folder) for folder in (here, *self._followed)):
            return _AROUND
        return None if _contains(self._root, target) else OUTSIDE

    def is_left_out(self, target: str) -> bool:
        """Return whether a folder of the source directory is left out."""
        folder, prefix = Path(self._root), ""
        rules: tuple[Rules, ...] = ()
        for name in Path(target).relative_to(folder).parts:
            rules = (*rules, *read_rules(str(folder), prefix, {entry.name for entry in folder.iterdir()}))
            is_secret = find_secret_name(f"{prefix}{name}/")
            if is_secret or name in CACHES | TRACKERS or find_ignoring(f"{prefix}{name}/", name, rules):
                return True
            folder, prefix = folder / name, f"{prefix}{name}/"
        return (folder / "pyvenv.cfg").exists()


def _contains(folder: str, path: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")
