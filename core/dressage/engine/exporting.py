"""Copy a recorded run to a server or store, with an observer that has the hook `mirror`."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dressage.delivery.batches import read_batches
from dressage.delivery.cursors import Cursor
from dressage.engine.downloads import WORK
from dressage.engine.runs import Run
from dressage.hooks.calls import relay
from dressage.hooks.observers import MIRROR, Observer
from dressage.platforms.protocols import Progress
from dressage.records.workspace import Workspace

Entries = list[tuple[int, Mapping[str, Any]]]


def export_run(
    run: Run, observer: Observer, workspace: Workspace, address: str, progress: Progress
) -> tuple[str, ...]:
    """Copy all entries and files of a run; what was copied before is not copied twice.

    progress: called with an activity, the amount done and the total. Returns what could not be copied, by line.
    Raises UnreachableError, SettingsError for an address that cannot be used, PluginError if the observer breaks.
    """
    run.status  # noqa: B018 (record what the platform knows)
    with tempfile.TemporaryDirectory(prefix="dressage-export-") as folder:
        files = None if run.folder.work.is_dir() else _download(run, Path(folder), progress)
        total = run.folder.journal.path.stat().st_size
        notes: list[str] = []
        for batch in _batches(run):
            progress("journal", batch[-1][0], total)
            arguments = {
                "address": address,
                "run_id": run.id,
                "entries": batch,
                "files": files,
                "progress": relay(progress),
                "workspace": workspace,
            }
            notes += observer.call(MIRROR, arguments) or ()
    return tuple(dict.fromkeys(map(str, notes)))


def _download(run: Run, folder: Path, progress: Progress) -> Path:
    """Download the files of a run that has ended on a remote platform, except those below work/."""
    if run.status.has_ended:
        paths = [file.path for file in run.files if not file.path.startswith(WORK)]
        progress("download", 0, len(paths))
        run.download(folder, paths)
    return folder


def _batches(run: Run) -> Iterator[Entries]:
    for batch in read_batches(run.folder, Cursor()):
        yield [item.mirrored for item in batch]
