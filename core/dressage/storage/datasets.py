"""Datasets of a workspace: verified files in the object store, and a read-only folder for each version."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from dressage.files.atomic import write_json
from dressage.files.digests import digest_of, digest_of_file
from dressage.platforms.protocols import Progress
from dressage.records.journal import now
from dressage.results.differences import file_differences
from dressage.results.plans import StagePlan
from dressage.results.versions import DatasetVersion, File, digest_of_files
from dressage.specs.datasets import FileDataset, Source, path_on_disk
from dressage.storage.objects import ObjectStore
from dressage.storage.versions import Versions


class StoredDatasets:
    """Datasets in the workspace at `root`."""

    def __init__(self, root: Path, objects: ObjectStore) -> None:
        self._objects = objects
        self._partials = root / "partial"
        self._addresses = root / "addresses"
        self._versions = Versions(root / "datasets", DatasetVersion)

    def folder(self, version: DatasetVersion) -> Path:
        """Return the read-only folder of the version's files."""
        return self._versions.folder(version)

    def plan(self, dataset: FileDataset) -> StagePlan:
        """Plan the dataset, without downloading anything."""
        digests = {source.path: self._find_digest(source) for source in dataset.sources}
        unknown = [path for path, digest in digests.items() if digest is None]
        if unknown:
            reason = f"the digest of {unknown[0]} is unknown before the download; declare its sha256 to plan exactly"
            return StagePlan(stage="dataset", action="create", name=dataset.name, reasons=(reason,))
        digest = digest_of(digests)
        existing = self._versions.find(dataset.name, digest)
        if existing and self.folder(existing).is_dir():
            return StagePlan(
                stage="dataset", action="reuse", name=dataset.name, version=existing.version, key=digest
            )
        return StagePlan(
            stage="dataset",
            action="create",
            name=dataset.name,
            version=existing.version if existing else self._versions.next(dataset.name),
            key=digest,
            size=self._missing_size(dataset, digests),
            reasons=("its files were deleted",) if existing else tuple(self._changes(dataset.name, digests)),
        )

    def ensure(self, dataset: FileDataset, progress: Progress) -> DatasetVersion:
        """Download the files that are missing, and register the version."""
        from dressage.storage.download import fetch

        files = self._find_files(dataset)
        if files is None:
            files = fetch(self._pin_sources(dataset), self._objects, self._partials, progress)
            self._remember(dataset, files)
        digest = digest_of_files(files)

        def make(number: int) -> DatasetVersion:
            return DatasetVersion(
                name=dataset.name,
                version=number,
                digest=digest,
                files=files,
                created=now(),
                description=dataset.description,
                tags=dataset.tags,
            )

        version = self._versions.find(dataset.name, digest) or self._versions.add(dataset.name, digest, make)
        self._objects.materialise(files, self.folder(version))
        return version

    def list(self, name: str | None = None) -> Sequence[DatasetVersion]:
        """Return the versions of all datasets, or of one."""
        return self._versions.all() if name is None else [*self._versions.of(name)]

    def files(self, version: DatasetVersion) -> Sequence[File]:
        """Return the version's files."""
        return version.files

    def download(self, version: DatasetVersion, target: Path) -> None:
        """Copy the version's files below `target`."""
        self._objects.copy_out(version.files, target)

    def _find_files(self, dataset: FileDataset) -> tuple[File, ...] | None:
        """Return the files of the version with this content; None if there is none or its folder was deleted."""
        digests = {source.path: self._find_digest(source) for source in dataset.sources}
        existing = self._versions.find(dataset.name, digest_of(digests))
        return existing.files if existing and self.folder(existing).is_dir() else None

    def _find_digest(self, source: Source) -> str | None:
        """Return the source's SHA-256: declared, of the file on this disk, or of an earlier download; else None."""
        if source.sha256:
            return source.sha256
        for address in source.addresses:
            if path := path_on_disk(address):
                if path.is_file():
                    return digest_of_file(path)
                continue
            if (memo := self._memo(address)).exists():
                return str(json.loads(memo.read_text())["sha256"])
        return None

    def _pin_sources(self, dataset: FileDataset) -> tuple[Source, ...]:
        """Add the digests that are known to the sources."""
        from dataclasses import replace

        return tuple(replace(source, sha256=self._find_digest(source)) for source in dataset.sources)

    def _remember(self, dataset: FileDataset, files: tuple[File, ...]) -> None:
        """Note what was downloaded from addresses without a declared digest; later plans and runs rely on it."""
        self._addresses.mkdir(parents=True, exist_ok=True)
        digests = {file.path: file.sha256 for file in files}
        for source in dataset.sources:
            for address in source.addresses if source.sha256 is None else ():
                memo = {"address": address, "sha256": digests[source.path], "time": now()}
                write_json(self._memo(address), memo)

    def _memo(self, address: str) -> Path:
        return self._addresses / f"{digest_of(address)}.json"

    def _missing_size(self, dataset: FileDataset, digests: Mapping[str, str | None]) -> int | None:
        sizes = [
            source.size for source in dataset.sources if not self._objects.has(digests[source.path] or "")
        ]
        return sum(size for size in sizes if size is not None) if None not in sizes else None

    def _changes(self, name: str, digests: Mapping[str, str | None]) -> Sequence[str]:
        last = next(self._versions.of(name), None)
        if last is None:
            return ["not registered yet"]
        return file_differences({file.path: file.sha256 for file in last.files}, digests)
