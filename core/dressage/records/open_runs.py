"""Open runs of a workspace, by their request's key: the runs whose end is not known yet.

open/KEY/RUN             a run that a client starts or follows, or whose client exited
open/KEY/detached/RUN    a run that continues in the background, because its client detached; there may be thousands
"""

import os
from contextlib import suppress
from pathlib import Path

_DETACHED = "detached"


class OpenRuns:
    """The markers below `folder`. Listing them reads no journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, run_id: str, key: str) -> None:
        """Mark a run as open: the same request finds it until its end is known."""
        folder = self.folder / key
        while True:
            try:
                (folder / run_id).touch()
                break
            except FileNotFoundError:  # again: another process may remove the empty folder
                folder.mkdir(parents=True, exist_ok=True)
        (folder / _DETACHED / run_id).unlink(missing_ok=True)

    def detach(self, run_id: str, key: str) -> None:
        """Mark an open run as detached; do nothing if it is not open."""
        marker, target = self.folder / key / run_id, self.folder / key / _DETACHED / run_id
        while marker.exists():
            with suppress(FileNotFoundError):  # no folder yet, or another process removes the empty one
                marker.rename(target)
                return
            with suppress(FileNotFoundError):
                target.parent.mkdir(exist_ok=True)

    def remove(self, run_id: str, key: str) -> None:
        """Remove the run's marker, if it has one."""
        folder = self.folder / key
        (folder / run_id).unlink(missing_ok=True)
        (folder / _DETACHED / run_id).unlink(missing_ok=True)
        with suppress(OSError):  # other runs of this request are open, or a process adds one
            (folder / _DETACHED).rmdir()
        with suppress(OSError):
            folder.rmdir()

    def attended(self, key: str) -> list[str]:
        """Return the ids of a request's open runs that were not detached, the oldest first."""
        return [name for name in _names(self.folder / key) if name != _DETACHED]

    def detached(self, key: str) -> list[str]:
        """Return the ids of a request's open runs that were detached, the oldest first."""
        return _names(self.folder / key / _DETACHED)

    def list_all(self) -> dict[str, str]:
        """Return the ids of all open runs, each with a key; a run that was judged again has an earlier one, too."""
        keys = _names(self.folder)
        return {run_id: key for key in keys for run_id in (*self.attended(key), *self.detached(key))}


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - much faster for thousands
    except (FileNotFoundError, NotADirectoryError):
        return []
