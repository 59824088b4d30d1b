"""What a script left in its working directory: files outside outputs/ and logs/, and what is no file."""

import os
from collections.abc import Iterator
from contextlib import suppress

from dressage.files.walking import Found, walk
from dressage.records.run_folder import RunFolder
from dressage.storage.ignore_rules import CACHES

_KEPT = ("outputs", "logs")


def find_left_files(folder: RunFolder) -> Iterator[str]:
    """Yield the path, relative to work/, of each file that the script created or changed.

    Files in outputs/, logs/ and caches are not among them. More may come while the script runs.
    """
    source = {file.path: file.size for file in folder.refresh().the_request().snapshot.files}
    dated = _date_of_source(folder)
    for path in _walk(folder):
        with suppress(OSError):  # the script has just removed it
            status = os.stat(folder.work / path)  # noqa: PTH116 - a Path for each file is slow
            is_old = dated in (None, status.st_mtime_ns) and source.get(path) == status.st_size
            if not is_old:
                yield path


def find_unusable(folder: RunFolder) -> Iterator[Found]:
    """Yield what is below work/ and cannot be kept, such as pipes, and links that lead out of it. Paths as listed."""
    for found in walk(folder.work, inside=folder.work, skipped=CACHES):
        if found.problem:
            is_prefixed = found.path.partition("/")[0] in _KEPT
            yield found if is_prefixed else Found(f"work/{found.path}", found.problem)


def _date_of_source(folder: RunFolder) -> int | None:
    """Return the modification time of unchanged files; None if an earlier version of dressage started the run."""
    try:
        return folder.source_date.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _walk(folder: RunFolder) -> Iterator[str]:
    for found in walk(folder.work, inside=folder.work, skipped=CACHES):
        if found.problem is None and found.path.partition("/")[0] not in _KEPT:
            yield found.path
