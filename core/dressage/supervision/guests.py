"""Runs that another machine's engine submits to a platform of this machine.

The workspace of this machine gets what such a run needs: its source, its datasets and a separate journal. The run
has the same id and the same attempts in both workspaces. The other machine's engine registers the model.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from dressage.files.encoding import to_json
from dressage.files.locks import FileLock
from dressage.platforms.protocols import Runs
from dressage.records.judgements import judgement_of
from dressage.records.requests import Submission
from dressage.records.run_folder import RunFolder
from dressage.records.workspace import Workspace
from dressage.results.versions import DatasetVersion, Snapshot
from dressage.specs.datasets import FileDataset, Source
from dressage.storage.datasets import StoredDatasets
from dressage.storage.hash_cache import HashCache
from dressage.storage.objects import ObjectStore
from dressage.storage.snapshots import find_damage, keep


class GuestRuns:
    """Accepts runs for a platform of this machine. platform: its name. runs: what executes them."""

    def __init__(self, workspace: Workspace, platform: str, runs: Runs) -> None:
        self._workspace, self._platform, self._runs = workspace, platform, runs
        self._datasets = StoredDatasets(workspace.root, ObjectStore(workspace.root / "objects"))

    def store_source(self, snapshot: Snapshot, folder: Path) -> None:
        """Copy the source from a folder. Raises SpecError if a file is missing or has other bytes."""
        self._workspace.create()
        keep(replace(snapshot, directory=folder), self._workspace.snapshots)

    def store_dataset(self, version: DatasetVersion, folder: Path) -> None:
        """Register the dataset from a folder. Raises StageError if a file is missing or has other bytes."""
        sources = tuple(
            Source(path=file.path, addresses=(str(folder / file.path),), sha256=file.sha256)
            for file in version.files
        )
        self._workspace.create()
        self._datasets.ensure(FileDataset(name=version.name, sources=sources), lambda *_: None)

    def submit(self, submission: Submission) -> list[str]:
        """Submit an attempt to the platform, unless something must be stored first; can be repeated.

        If an earlier attempt is still running, it is kept: the other machine did not get our answer.
        Returns the digests of the datasets and of the source that are not here; if there are any, nothing was done.
        Raises the errors of the platform.
        """
        missing = list(self._find_missing(submission))
        if not missing:
            self._workspace.create()
            folder = self._workspace.run(submission.run_id)
            folder.path.mkdir(parents=True, exist_ok=True)
            with FileLock(folder.lock("resume")):
                self._submit(folder, self._translate(submission))
        return missing

    def _submit(self, folder: RunFolder, submission: Submission) -> None:
        if folder.refresh().request is None:
            folder.create(to_json(submission.request), to_json(judgement_of(submission.request)))
        if folder.refresh().attempt < submission.attempt:
            if folder.refresh().is_submitted and not self._runs.observe(submission.run_id).has_ended:
                return
            folder.resume(submission.attempt)
        if folder.refresh().the_submission() is None:
            for name, version in submission.datasets.items():
                folder.finish_stage("dataset", to_json(version), name)
            folder.finish_stage("compute", to_json(submission.compute))
            folder.finish_stage("environment", to_json(submission.environment))
        self._runs.submit(submission)
        folder.finish_submission(submission.attempt)

    def _find_missing(self, submission: Submission) -> Iterator[str]:
        snapshot = submission.request.snapshot
        if find_damage(snapshot, self._workspace.snapshots, HashCache(self._workspace.root)):
            yield snapshot.digest
        for version in submission.datasets.values():
            found = self._find(version)
            if found is None or self._datasets.find_problems(found):
                yield version.digest

    def _find(self, version: DatasetVersion) -> DatasetVersion | None:
        """Return this workspace's version of the same content."""
        known = self._datasets.list(version.name)
        return next((found for found in known if found.digest == version.digest), None)

    def _translate(self, submission: Submission) -> Submission:
        """Return the submission with the names that this workspace has for the same content."""
        request = submission.request
        copy = replace(request.snapshot, directory=self._workspace.snapshots / request.snapshot.digest)
        model = dataclasses.replace(request.model, name=None)
        translated = replace(request, platform=self._platform, snapshot=copy, model=model, retries=0)
        datasets = {name: self._find(version) or version for name, version in submission.datasets.items()}
        return replace(submission, request=translated, datasets=datasets)
