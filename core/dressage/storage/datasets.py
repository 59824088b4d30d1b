"""Datasets on this machine: verified bytes in the object store, versions materialised as read-only folders."""

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
    def __init__(self, root: Path, objects: ObjectStore) -> None:
        self._objects = objects
        self._partials = root / "partial"
        self._addresses = root / "addresses"
        self._versions = Versions(root / "datasets", DatasetVersion)

    def folder(self, version: DatasetVersion) -> Path:
        """Where the version's files lie, read-only."""
        return self._versions.folder(version)

    def plan(self, dataset: FileDataset) -> StagePlan:
        digests = {source.path: self._known(source) for source in dataset.sources}
        unknown = [path for path, digest in digests.items() if digest is None]
        if unknown:
            reason = f"the bytes of {unknown[0]} are not known before they are fetched; give its sha256"
            return StagePlan(stage="dataset", action="create", name=dataset.name, reasons=(reason,))
        digest = digest_of(digests)
        there = self._versions.find(dataset.name, digest)
        if there and self.folder(there).is_dir():
            return StagePlan(
                stage="dataset", action="reuse", name=dataset.name, version=there.version, key=digest
            )
        return StagePlan(
            stage="dataset",
            action="create",
            name=dataset.name,
            version=there.version if there else self._versions.next(dataset.name),
            key=digest,
            size=self._missing(dataset, digests),
            reasons=("its files are gone",) if there else tuple(self._changes(dataset.name, digests)),
        )

    def ensure(self, dataset: FileDataset, progress: Progress) -> DatasetVersion:
        from dressage.storage.download import fetch

        files = self._present(dataset)
        if files is None:
            files = fetch(self._pinned(dataset), self._objects, self._partials, progress)
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
        return self._versions.all() if name is None else [*self._versions.of(name)]

    def files(self, version: DatasetVersion) -> Sequence[File]:
        return version.files

    def download(self, version: DatasetVersion, target: Path) -> None:
        self._objects.copy_out(version.files, target)

    def _present(self, dataset: FileDataset) -> tuple[File, ...] | None:
        """The files of a version that is there whole."""
        digests = {source.path: self._known(source) for source in dataset.sources}
        there = self._versions.find(dataset.name, digest_of(digests))
        return there.files if there and self.folder(there).is_dir() else None

    def _known(self, source: Source) -> str | None:
        """What the source's bytes are: as declared, as they lie on this disk, or as they were fetched before."""
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

    def _pinned(self, dataset: FileDataset) -> tuple[Source, ...]:
        from dataclasses import replace

        return tuple(replace(source, sha256=self._known(source)) for source in dataset.sources)

    def _remember(self, dataset: FileDataset, files: tuple[File, ...]) -> None:
        """An address without a digest was fetched once: later plans and runs go by what came."""
        self._addresses.mkdir(parents=True, exist_ok=True)
        digests = {file.path: file.sha256 for file in files}
        for source in dataset.sources:
            for address in source.addresses if source.sha256 is None else ():
                memo = {"address": address, "sha256": digests[source.path], "time": now()}
                write_json(self._memo(address), memo)

    def _memo(self, address: str) -> Path:
        return self._addresses / f"{digest_of(address)}.json"

    def _missing(self, dataset: FileDataset, digests: Mapping[str, str | None]) -> int | None:
        sizes = [
            source.size for source in dataset.sources if not self._objects.has(digests[source.path] or "")
        ]
        return sum(size for size in sizes if size is not None) if None not in sizes else None

    def _changes(self, name: str, digests: Mapping[str, str | None]) -> Sequence[str]:
        last = next(self._versions.of(name), None)
        if last is None:
            return ["not registered yet"]
        return file_differences({file.path: file.sha256 for file in last.files}, digests)
