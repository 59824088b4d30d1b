"""Datasets in Azure ML: web addresses are registered directly, local files are uploaded."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dressage.errors import StageError
from dressage.files.digests import digest_of, digest_of_file
from dressage.files.locks import FileLock
from dressage.platforms.protocols import Progress
from dressage.records.workspace import Workspace
from dressage.results.plans import StagePlan
from dressage.results.versions import DatasetVersion, File, digest_of_files
from dressage.specs.credentials import hide_credentials
from dressage.specs.datasets import FileDataset, Source, path_on_disk
from dressage.storage.sources import describe_unverifiable
from dressage_azureml.azure import Azure


class AzureDatasets:
    """Datasets in the Azure ML workspace. workspace: has the lock for registrations."""

    def __init__(self, azure: Azure, workspace: Workspace) -> None:
        self._azure = azure
        self._workspace = workspace

    def plan(self, dataset: FileDataset) -> StagePlan:
        files = _files(dataset)
        digest = _digest(dataset, files)
        answer = self._azure.call("dataset", "datasets.find", name=dataset.name, digest=digest)
        if answer["found"]:
            version = answer["found"]["version"]
            return StagePlan(stage="dataset", action="reuse", name=dataset.name, version=version, key=digest)
        local = _is_local(dataset)
        reason = "no version has this content" if answer["latest"] else "not registered yet"
        unverifiable = None if local else describe_unverifiable(dataset.sources)
        return StagePlan(
            stage="dataset",
            action="upload" if local else "create",
            name=dataset.name,
            version=answer["latest"] + 1,
            key=digest,
            size=_size(files) if local else None,
            reasons=(
                reason if local else f"{reason}; nodes read it from its web addresses",
                *((unverifiable,) if unverifiable else ()),
            ),
        )

    def ensure(self, dataset: FileDataset, progress: Progress) -> DatasetVersion:
        files = _files(dataset)
        digest = _digest(dataset, files)
        self._workspace.create()
        with FileLock(self._workspace.root / "azureml-datasets.lock"):  # no second upload from this workspace
            found = self._azure.call("dataset", "datasets.find", name=dataset.name, digest=digest)["found"]
            if found is None:
                found = self._register(dataset, files, digest, progress)
        return _version(found, files)

    def list(self, name: str | None = None) -> Sequence[DatasetVersion]:
        """Return the newest version of each dataset, or all versions of the named one."""
        return [_version(one, ()) for one in self._azure.call("dataset", "datasets.list_all", name=name)]

    def files(self, version: DatasetVersion) -> Sequence[File]:
        paths = self._azure.call("dataset", "datasets.files", name=version.name, version=version.version)
        return [File(path=path.lstrip("/"), size=None) for path in sorted(paths)]

    def download(self, version: DatasetVersion, target: Path) -> None:
        target.mkdir(parents=True, exist_ok=True)
        self._azure.call(
            "dataset", "datasets.download", name=version.name, version=version.version, target=str(target)
        )

    def _register(
        self, dataset: FileDataset, files: tuple[File, ...], digest: str, progress: Progress
    ) -> dict[str, object]:
        """Upload the files, unless nodes read them from the web, and register a new version."""
        where: dict[str, Any] = (
            {"folder": self._upload(dataset, files, digest, progress)}
            if _is_local(dataset)
            else {"addresses": [source.addresses[0] for source in dataset.sources]}
        )
        found: dict[str, object] = self._azure.call(
            "dataset",
            "datasets.register",
            name=dataset.name,
            digest=digest,
            description=dataset.description,
            tags=dict(dataset.tags),
            files=len(files),
            size=_size(files),
            **where,
        )
        return found

    def _upload(self, dataset: FileDataset, files: tuple[File, ...], digest: str, progress: Progress) -> str:
        """Upload the files; return their folder in the default datastore."""
        folder = f"dressage/{dataset.name}/{digest}"
        for source, file in zip(dataset.sources, files, strict=True):
            self._azure.call(
                "dataset",
                "datasets.upload",
                progress,
                path=str(_path(source)),
                target=f"{folder}/{source.path}",
                sha256=file.sha256,
            )
        return folder


def _is_local(dataset: FileDataset) -> bool:
    """Return whether all files are local. Raises StageError for a mixture, which Azure ML does not support."""
    local = [_path(source) is not None for source in dataset.sources]
    if any(local) and not all(local):
        raise StageError(
            "dataset", f"dataset {dataset.name!r} has both files and web addresses; give only one kind"
        )
    return all(local)


def _path(source: Source) -> Path | None:
    """Return the local path of a source, or None if it has only web addresses."""
    return next(filter(None, map(path_on_disk, source.addresses)), None)


def _files(dataset: FileDataset) -> tuple[File, ...]:
    return tuple(map(_file, dataset.sources))


def _file(source: Source) -> File:
    path = _path(source)
    if path is None:
        return File(path=source.path, size=source.size, sha256=source.sha256)
    try:
        file = File(path=source.path, size=path.stat().st_size, sha256=digest_of_file(path))
    except OSError as error:
        raise StageError(
            "dataset", f"cannot read {str(path)!r}: {error.strerror}; correct the path"
        ) from error
    if source.sha256 not in (None, file.sha256):
        raise StageError(
            "dataset",
            f"{str(path)!r}: checksum mismatch: expected {source.sha256}, got {file.sha256}; restore the file, or"
            " correct the recipe's sha256",
        )
    return file


def _size(files: tuple[File, ...]) -> int | None:
    """Return the size of all files in bytes; None if that of one is unknown."""
    sizes = [file.size for file in files]
    return None if None in sizes else sum(size or 0 for size in sizes)


def _digest(dataset: FileDataset, files: tuple[File, ...]) -> str:
    """Return a digest of the files' content, or of their addresses if a checksum is unknown."""
    if all(file.sha256 for file in files):
        return digest_of_files(files)
    return digest_of({source.path: [*map(hide_credentials, source.addresses)] for source in dataset.sources})


def _version(fields: dict[str, object], files: tuple[File, ...]) -> DatasetVersion:
    return DatasetVersion(
        name=str(fields["name"]),
        version=int(str(fields["version"])),
        digest=str(fields["digest"]),
        files=files,
        created=str(fields["created"]),
        description=str(fields["description"]),
        tags=dict(fields["tags"]),  # type: ignore[call-overload]
        listed=None if files or fields["file_count"] is None else (fields["file_count"], fields["size"]),  # type: ignore[arg-type]
    )
