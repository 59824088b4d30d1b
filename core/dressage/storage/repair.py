"""Repair versions: files with wrong bytes are moved to the quarantine, and made again from where they came from."""

import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dressage.errors import StageError
from dressage.files.locks import FileLock
from dressage.files.trees import link_file, writable
from dressage.platforms.protocols import Progress
from dressage.results.versions import DatasetVersion, File, ModelVersion
from dressage.specs.datasets import Source
from dressage.specs.downloads import DownloadLimits
from dressage.storage.objects import ObjectStore
from dressage.storage.origins import Origins, read_origins
from dressage.storage.version_folders import Problem, find_problems, stamp_at
from dressage.storage.versions import Versions


class Repair:
    """Repairs versions of datasets in the workspace at `root`."""

    def __init__(self, root: Path, objects: ObjectStore, progress: Progress, limits: DownloadLimits) -> None:
        self._root = root
        self._objects = objects
        self._progress = progress
        self._limits = limits

    def mend(self, version: DatasetVersion, folder: Path, origins: Origins) -> None:
        """Replace the files of a version's folder that are not as they were registered.

        origins: further addresses of its files. Raises StageError if no address has the right bytes any more.
        """
        self._objects.aside.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._objects.aside.with_name("mending.lock")):
            if folder.is_dir():
                wrong = list(find_problems(version.files, folder, self._objects))
                for problem in wrong:
                    self._set_aside(folder, problem)
                paths = {problem.path for problem in wrong}
                files = [file for file in version.files if file.path in paths]
            else:
                files = list(version.files)
            lost = self._find_lost(files)
            self._rebuild(version, lost, origins, read_origins(folder))
            self._objects.materialise(version.files, folder)
            self._relink(folder, files)
            self._relink_others({file.sha256 or "" for file in files})
            self._objects.hashes.save()

    def _set_aside(self, folder: Path, problem: Problem) -> None:
        """Move a wrong file out of the version's folder; what it is a link to is checked later."""
        path = folder / problem.path
        if os.path.lexists(path):
            with writable(path.parent):
                self._objects.quarantine(str(path))

    def _find_lost(self, wanted: Iterable[File]) -> set[str]:
        """Return the digests of objects that are missing or have wrong bytes; the latter go to the quarantine."""
        digests = {file.sha256 for file in wanted if file.sha256}
        lost = digests - self._objects.find(sorted(digests)).keys()
        for digest in lost:
            self._objects.quarantine(self._objects.location(digest))
        return lost

    def _rebuild(self, version: DatasetVersion, lost: set[str], *origins: Origins) -> None:
        """Get the lost objects again. origins: addresses of the version's files; the first ones are tried first."""
        from dressage.storage.download import fetch

        sources = {
            file.sha256: _source_of(version, file, origins) for file in version.files if file.sha256 in lost
        }
        if not sources:
            return
        try:
            fetch(
                tuple(sources.values()),
                self._objects,
                self._root / "partial",
                self._progress,
                limits=self._limits,
            )
        except StageError as error:
            raise StageError(
                "dataset",
                f"dataset '{version.name}:{version.version}' has files that were changed or deleted after they were"
                f" registered, and they cannot be created again: {error}, or register a new version",
            ) from error

    def _relink(self, folder: Path, files: Sequence[File]) -> None:
        """Make the files links to their objects again, unless they are."""
        objects = self._objects.find(list({file.sha256 for file in files if file.sha256}))
        for file in files:
            if file.sha256 and stamp_at(folder, file.path) != objects.get(file.sha256):
                self._link(folder / file.path, file.sha256)

    def _link(self, place: Path, digest: str) -> None:
        _make_folder(place.parent)
        temporary = place.with_name(f".{uuid.uuid4().hex}")
        with writable(place.parent):
            link_file(self._objects.location(digest), str(temporary))
            temporary.replace(place)

    def _relink_others(self, digests: set[str]) -> None:
        """Replace the links to wrong files in all versions that have them."""
        for files, folder in self._all_versions() if digests else ():
            if folder.is_dir():
                self._relink(folder, [file for file in files if file.sha256 in digests])

    def _all_versions(self) -> Iterator[tuple[Sequence[File], Path]]:
        datasets = Versions(self._root / "datasets", DatasetVersion)
        yield from ((version.files, datasets.folder(version)) for version in datasets.iterate())
        models = Versions(self._root / "models", ModelVersion)
        yield from ((version.files, models.folder(version)) for version in models.iterate())


def _make_folder(folder: Path) -> None:
    """Create a folder with its parents, which may be read-only."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        with writable(folder.parent):
            folder.mkdir(0o555)


def _source_of(version: DatasetVersion, file: File, origins: Sequence[Origins]) -> Source:
    addresses = tuple(dict.fromkeys(address for known in origins for address in known.get(file.path, ())))
    if not addresses:
        raise StageError(
            "dataset",
            f"dataset '{version.name}:{version.version}': file {file.path!r} was changed or deleted after it was"
            f" registered, and its source is not known; register it again: dressage datasets register"
            f" {version.name} FILES",
        )
    return Source(path=file.path, addresses=addresses, sha256=file.sha256, size=file.size)
