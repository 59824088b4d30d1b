"""Datasets of a workspace: verified files in the object store, and a read-only folder for each version."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from dressage.errors import StageError
from dressage.files.atomic import write_json
from dressage.files.digests import check_digest, digest_of
from dressage.files.regular import read_regular
from dressage.platforms.protocols import Progress
from dressage.records.journal import now
from dressage.results.damage import Damage
from dressage.results.differences import file_differences
from dressage.results.plans import StagePlan
from dressage.results.versions import DatasetVersion, File, digest_of_files
from dressage.specs.credentials import hide_credentials
from dressage.specs.datasets import FileDataset, Source, path_on_disk
from dressage.specs.downloads import DEFAULT_LIMITS, DownloadLimits
from dressage.storage.importing import LocalFile, MismatchError, find_local, import_files
from dressage.storage.objects import ObjectStore
from dressage.storage.origins import Origins, note_origins, origins_of
from dressage.storage.sources import describe_unverifiable
from dressage.storage.version_folders import WORDS, Problem, find_problems
from dressage.storage.versions import Versions

_SHOWN_PROBLEMS = 3


class StoredDatasets:
    """Datasets in the workspace at `root`. limits: of downloads."""

    def __init__(self, root: Path, objects: ObjectStore, limits: DownloadLimits = DEFAULT_LIMITS) -> None:
        self._root = root
        self._limits = limits
        self._objects = objects
        self._partials = root / "partial"
        self._addresses = root / "addresses"
        self._versions = Versions(root / "datasets", DatasetVersion)

    def folder(self, version: DatasetVersion) -> Path:
        """Return the read-only folder of the version's files."""
        return self._versions.folder(version)

    def plan(self, dataset: FileDataset) -> StagePlan:
        """Plan the dataset, without downloading anything."""
        digests = self._find_digests(dataset.sources, _find_local(dataset.sources), read=True)
        unknown = [path for path, digest in digests.items() if digest is None]
        if unknown:
            _check_there(dataset, unknown)
            reason = f"the digest of {unknown[0]} is unknown before the download; declare its sha256 to plan exactly"
            unverifiable = describe_unverifiable(
                source for source in dataset.sources if source.path in unknown
            )
            reasons = (reason, unverifiable) if unverifiable else (reason,)
            return StagePlan(stage="dataset", action="create", name=dataset.name, reasons=reasons)
        digest = digest_of(digests)
        if existing := self._versions.find(dataset.name, digest):
            return self.plan_version(existing)
        return StagePlan(
            stage="dataset",
            action="create",
            name=dataset.name,
            version=self._versions.next(dataset.name),
            key=digest,
            size=self._missing_size(dataset, digests),
            reasons=tuple(self._changes(dataset.name, digests)),
        )

    def plan_version(self, version: DatasetVersion) -> StagePlan:
        """Plan to use an existing version. Files that were changed or deleted are created again."""
        is_there = self.folder(version).is_dir()
        reasons = tuple(_describe(self.find_problems(version))) if is_there else ("its files were deleted",)
        return StagePlan(
            stage="dataset",
            action="create" if reasons else "reuse",
            name=version.name,
            version=version.version,
            key=version.digest,
            reasons=reasons,
        )

    def ensure(self, dataset: FileDataset, progress: Progress) -> DatasetVersion:
        """Copy or download the files that are missing, and register the version."""
        local = _find_local(dataset.sources)
        digests = self._find_digests(dataset.sources, local, read=False)
        version, is_new = None, False
        if None not in digests.values():
            version = self._versions.find(dataset.name, digest_of(digests))
        if version is None:
            version = self._create(dataset, self._store(dataset.sources, local, progress))
            is_new = self._objects.materialise(version.files, self.folder(version))
        origins = origins_of(dataset.sources)
        note_origins(self.folder(version), origins)
        if not is_new:
            self.mend(version, progress, origins)
        return version

    def find_problems(self, version: DatasetVersion) -> list[Problem]:
        """Return the files that are not as they were registered. Files are read only if their stamps have changed."""
        return list(find_problems(version.files, self.folder(version), self._objects))

    def mend(
        self, version: DatasetVersion, progress: Progress, origins: Origins | None = None
    ) -> list[Problem]:
        """Create again what was changed or deleted in the version's folder. Returns what was wrong.

        origins: further addresses of the files. Raises StageError if no address has the right bytes any more.
        """
        problems = self.find_problems(version)
        if problems or not self.folder(version).is_dir():
            from dressage.storage.repair import Repair

            Repair(self._root, self._objects, progress, self._limits).mend(
                version, self.folder(version), origins or {}
            )
        return problems

    def find_damage(self) -> Iterator[Damage]:
        """Yield the descriptions of versions that cannot be read, and versions whose files are wrong."""
        yield from self._versions.find_damage()
        for version in self._versions.iterate():
            for problem in self.find_problems(version)[:_SHOWN_PROBLEMS]:
                path, advice = (
                    self.folder(version) / problem.path,
                    "the next run that reads the dataset repairs it",
                )
                yield Damage(path=path, problem=WORDS[problem.kind], advice=advice)

    def list(self, name: str | None = None) -> Sequence[DatasetVersion]:
        """Return the versions of all datasets, or of one."""
        return self._versions.all() if name is None else [*self._versions.of(name)]

    def files(self, version: DatasetVersion) -> Sequence[File]:
        """Return the version's files."""
        return version.files

    def download(self, version: DatasetVersion, target: Path) -> None:
        """Copy the version's files to the folder `target`."""
        self._objects.copy_out(version.files, target)

    def _create(self, dataset: FileDataset, files: tuple[File, ...]) -> DatasetVersion:
        """Add a version with these files, unless there is one."""
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

        return self._versions.add(dataset.name, digest, make)

    def _store(
        self, sources: Sequence[Source], local: Mapping[str, LocalFile], progress: Progress
    ) -> tuple[File, ...]:
        """Bring the files into the object store: those of this machine in batches, the others by download."""
        wanted = [
            local[source.path]
            for source in sources
            if source.path in local
            and source.addresses[0].endswith(local[source.path].path)
            and source.size in (None, local[source.path].stamp.size)
        ]
        try:
            files = {
                file.path: file for file in import_files(wanted, self._objects, _meter(wanted, progress))
            }
        except (MismatchError, FileNotFoundError):  # try the other addresses, or say what is wrong with each
            files = {}
        left = [source for source in sources if source.path not in files]
        files.update((file.path, file) for file in self._fetch(left, progress))
        return tuple(files[source.path] for source in sources)

    def _fetch(self, sources: Sequence[Source], progress: Progress) -> tuple[File, ...]:
        if not sources:
            return ()
        from dressage.storage.download import fetch

        digests = self._find_digests(sources, _find_local(sources), read=False)
        pinned = tuple(replace(source, sha256=digests[source.path]) for source in sources)
        files = fetch(pinned, self._objects, self._partials, progress, limits=self._limits)
        self._remember(sources, files)
        return files

    def _find_digests(
        self, sources: Sequence[Source], local: Mapping[str, LocalFile], *, read: bool
    ) -> dict[str, str | None]:
        """Return each source's SHA-256: declared, of the file on this disk, or of an earlier download; else None.

        read: read local files that the hash cache does not know; otherwise their digests are None.
        """
        digests = {source.path: source.sha256 for source in sources}
        unknown = [file for file in local.values() if file.sha256 is None]
        files = [(file.path, file.stamp) for file in unknown]
        hashes = self._objects.hashes
        found = [hashed.sha256 for hashed in hashes.digests_of(files)] if read else hashes.find(files)
        digests.update(zip((file.name for file in unknown), found, strict=True))
        for source in sources:
            if source.sha256 is None and source.path not in local:
                digests[source.path] = self._read_memo(source.addresses)
        return digests

    def _read_memo(self, addresses: Sequence[str]) -> str | None:
        """Return the SHA-256 that was noted after a download from one of the addresses; None if there is none."""
        for address in addresses:
            if not path_on_disk(address):
                with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):  # none, or damaged
                    return check_digest(json.loads(read_regular(self._memo(address)))["sha256"])
        return None

    def _remember(self, sources: Sequence[Source], files: Sequence[File]) -> None:
        """Note what was downloaded from addresses without a declared digest; later plans and runs rely on it."""
        self._addresses.mkdir(parents=True, exist_ok=True)
        digests = {file.path: file.sha256 for file in files}
        for source in sources:
            for address in source.addresses if source.sha256 is None else ():
                memo = {"address": hide_credentials(address), "sha256": digests[source.path], "time": now()}
                write_json(self._memo(address), memo)

    def _memo(self, address: str) -> Path:
        return self._addresses / f"{digest_of(hide_credentials(address))}.json"

    def _missing_size(self, dataset: FileDataset, digests: Mapping[str, str | None]) -> int | None:
        there = self._objects.find([digest for digest in digests.values() if digest])
        sizes = [source.size for source in dataset.sources if digests[source.path] not in there]
        return sum(size for size in sizes if size is not None) if None not in sizes else None

    def _changes(self, name: str, digests: Mapping[str, str | None]) -> Sequence[str]:
        last = next(self._versions.of(name), None)
        if last is None:
            return ["not registered yet"]
        return file_differences({file.path: file.sha256 for file in last.files}, digests)


def _find_local(sources: Sequence[Source]) -> dict[str, LocalFile]:
    """Return the files of this machine among the sources, by their paths in the dataset."""
    return {file.name: file for source in sources if (file := find_local(source))}


def _check_there(dataset: FileDataset, paths: Iterable[str]) -> None:
    """Raise StageError if a source of unknown content has only addresses on this disk, and no file is there."""
    addresses = {source.path: source.addresses for source in dataset.sources}
    for path in paths:
        found = [path_on_disk(address) for address in addresses[path]]
        if all(found):
            kind = "is a folder" if any(one and one.is_dir() for one in found) else "does not exist"
            raise StageError(
                "dataset", f"dataset {dataset.name!r}: {str(found[0])!r} {kind}; give the path of a file"
            )


def _meter(files: Sequence[LocalFile], progress: Progress) -> Callable[[int], None]:
    """Return a function that counts bytes, and reports them with the total."""
    total = sum(file.stamp.size for file in files)
    what = files[0].name if len(files) == 1 else f"{len(files)} files"
    done = 0

    def count(added: int) -> None:
        nonlocal done
        done += added
        progress(what, done, total)

    return count


def _describe(problems: Sequence[Problem]) -> Iterator[str]:
    yield from map(str, problems[:_SHOWN_PROBLEMS])
    if len(problems) > _SHOWN_PROBLEMS:
        yield f"{len(problems) - _SHOWN_PROBLEMS} more files were changed, deleted or added"
