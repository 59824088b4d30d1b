"""Verify what a run reads: before its script starts, and again before its model is registered.

Files whose size, modification time and inode have not changed are not read. Wrong files are moved to the quarantine
and made again from where they came from.

    seen = verify_inputs(workspace, submission)
    ...                                          # the script runs
    verify_inputs_after(workspace, submission, seen)
"""

import time
from collections.abc import Mapping
from typing import NamedTuple

from dressage.errors import StageError
from dressage.files.stamps import SETTLED_NS
from dressage.records.requests import Submission
from dressage.records.workspace import Workspace
from dressage.results.versions import DatasetVersion
from dressage.storage.datasets import StoredDatasets
from dressage.storage.objects import ObjectStore
from dressage.storage.origins import Origins, origins_of
from dressage.storage.version_folders import Fingerprint, fingerprint_of, stamp_at

_SHOWN = 3


class Seen(NamedTuple):
    """What a run's inputs were when its script was started.

    fingerprints: of each input's files, by name. time_ns: when they were taken, in ns since 1970.
    """

    fingerprints: Mapping[str, Fingerprint]
    time_ns: int


def verify_inputs(workspace: Workspace, submission: Submission) -> Seen:
    """Make sure that the folders of a run's datasets have the right files. Called before its script is started.

    Raises StageError if a file was changed or deleted and cannot be made again; the message names it.
    """
    stored, started_ns = _stored(workspace), time.time_ns()
    for name, version in submission.datasets.items():
        stored.mend(version, _ignore, _origins(submission, name))
    return Seen(_fingerprints(stored, submission), started_ns)


def verify_inputs_after(workspace: Workspace, submission: Submission, seen: Seen) -> None:
    """Raise StageError if a file of a run's datasets was changed since `verify_inputs`; the message names it.

    Called after the script has ended, and before its model is registered. The files are repaired for all runs.
    A file that another process has repaired meanwhile counts as changed: the script may have read the wrong bytes.
    """
    stored = _stored(workspace)
    for name, fingerprint in _fingerprints(stored, submission).items():
        version = submission.datasets[name]
        if changed := _find_changed(stored, version, seen, name, fingerprint):
            outcome = _try_mend(stored, version, _origins(submission, name))
            raise StageError("dataset", f"{_describe(version, changed)}; {outcome}")


def _stored(workspace: Workspace) -> StoredDatasets:
    return StoredDatasets(workspace.root, ObjectStore(workspace.root / "objects"))


def _fingerprints(stored: StoredDatasets, submission: Submission) -> dict[str, Fingerprint]:
    return {
        name: fingerprint_of(version.files, stored.folder(version))
        for name, version in submission.datasets.items()
    }


def _find_changed(
    stored: StoredDatasets, version: DatasetVersion, seen: Seen, name: str, now: Fingerprint
) -> list[str]:
    """Return the files that were changed: those that are wrong now, and those that were made again meanwhile."""
    before = seen.fingerprints[name]
    if now == before:
        return []
    changed = {problem.path for problem in stored.find_problems(version) if problem.kind != "extra"}
    if now.inodes != before.inodes:
        folder, since = stored.folder(version), seen.time_ns - SETTLED_NS
        stamps = ((file.path, stamp_at(folder, file.path)) for file in version.files)
        changed |= {path for path, stamp in stamps if stamp and stamp.mtime_ns >= since}
    return sorted(changed)


def _describe(version: DatasetVersion, changed: list[str]) -> str:
    shown = ", ".join(map(repr, changed[:_SHOWN]))
    rest = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    files = "files" if len(changed) > 1 else "file"
    were = "were" if len(changed) > 1 else "was"
    return f"dataset '{version.name}:{version.version}': {files} {shown}{rest} {were} changed during the run"


def _try_mend(stored: StoredDatasets, version: DatasetVersion, origins: Origins) -> str:
    """Repair the version. Returns what the user should do."""
    advice = (
        'run the command again, and do not write to the dataset (or set inputs = "copy" in [platforms.local])'
    )
    try:
        stored.mend(version, _ignore, origins)
    except (StageError, OSError) as error:
        return f"{error}; then {advice}"
    return f"the dataset was repaired from its source; {advice}"


def _origins(submission: Submission, name: str) -> Origins:
    described = submission.request.file_datasets.get(name)
    return origins_of(described.sources) if described else {}


def _ignore(*_: object) -> None:
    """Report no progress: nobody watches."""
