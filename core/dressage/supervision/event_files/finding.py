"""Find the event files that a script wrote. A supervisor imports this for each run, so it needs little."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from posixpath import commonpath, dirname, relpath

from dressage.files.trees import files_below

FOLDERS = ("outputs", "logs", "runs", "lightning_logs")
"""Folders of the working directory in which scripts write them."""


def find_event_files(work: Path) -> Iterator[str]:
    """Yield the paths of event files, relative to the working directory."""
    for folder in FOLDERS:
        for path in files_below(work / folder):
            if is_event_file(path):
                yield f"{folder}/{path}"


def is_event_file(path: str) -> bool:
    """Return whether the name is that of an event file. TensorBoard finds them by name, too."""
    return "tfevents" in path.rpartition("/")[2]


def prefixes_of(paths: Iterable[str]) -> dict[str, str]:
    """Return what the metrics of each folder begin with: nothing if there is one folder, else its name and "/".

    The names are those that TensorBoard gives to the runs below their common folder.
    """
    folders = {dirname(path) for path in paths}
    if len(folders) < 2:
        return dict.fromkeys(folders, "")
    top = commonpath(folders)
    names = {folder: relpath(folder, top or ".") for folder in folders}
    return {folder: "" if name == "." else f"{name}/" for folder, name in names.items()}
