"""Private copies of datasets for one run: a script that writes into them changes nothing that others read.

Copies share their blocks with the store where the file system supports it.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from dressage.errors import StageError
from dressage.files.copying import ChangedError, copy_once
from dressage.files.trees import make_read_only, remove_tree
from dressage.records.requests import Submission
from dressage.records.workspace import Workspace
from dressage.results.versions import DatasetVersion
from dressage.storage.datasets import StoredDatasets
from dressage.storage.objects import ObjectStore
from dressage.storage.version_folders import stamp_at


def copy_inputs(workspace: Workspace, submission: Submission, target: Path) -> Mapping[str, Path]:
    """Copy the datasets of a run to read-only folders below `target`. Returns each input's folder, by its name.

    Called after `verify_inputs`. What an earlier attempt left there is removed.
    Raises StageError if a file is changed meanwhile, OSError.
    """
    stored = StoredDatasets(workspace.root, ObjectStore(workspace.root / "objects"))
    remove_tree(target)
    for name, version in submission.datasets.items():
        _copy(version, stored.folder(version), target / name)
    return {name: target / name for name in submission.datasets}


def remove_input_copies(target: Path) -> None:
    """Remove the copies when the script has ended."""
    remove_tree(target)


def _copy(version: DatasetVersion, source: Path, target: Path) -> None:
    for file in version.files:
        (target / file.path).parent.mkdir(parents=True, exist_ok=True)
        try:
            stamp = stamp_at(source, file.path)
            copy_once(f"{source}/{file.path}", f"{target}/{file.path}", expected=stamp)
        except (ChangedError, FileNotFoundError) as error:
            raise StageError(
                "dataset",
                f"dataset '{version.name}:{version.version}': file {file.path!r} was changed while it was copied for"
                " the run; run the command again",
            ) from error
    for folder, _, _ in os.walk(target, topdown=False):
        make_read_only(folder)
