"""Versions of datasets, environments and models, as platforms return them.

They are plain values; `dressage.files.encoding` writes them to a journal and reads them back.
Digests are lower-case hexadecimal SHA-256; times are ISO 8601 in UTC; sizes are bytes.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from dressage.files.digests import digest_of
from dressage.specs.compute import Accelerator


class File(Struct, frozen=True, kw_only=True):
    """One file: its path relative to its folder (with forward slashes), its size and its digest.

    sha256: None if the file was not read, as for the outputs of a running run. size: None if the platform lists only
    names.
    """

    path: str
    size: int | None
    sha256: str | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a path that leads out of its folder: a record may come from an untrusted source."""
        if self.path.startswith("/") or ".." in self.path.split("/") or "\0" in self.path:
            raise ValueError(f"file path {self.path!r} leads out of its folder")


class DatasetVersion(Struct, frozen=True, kw_only=True):
    """A version of a dataset that runs can read.

    version: counted from 1. digest: of its content; "" if unknown, as for a dataset that was registered without
    dressage. files: () if a listing does not know them; listed: their number and their size in bytes, if it knows
    these. created: ISO 8601, UTC; "" if unknown.
    """

    name: str
    version: int
    digest: str
    files: tuple[File, ...]
    created: str
    description: str = ""
    tags: Mapping[str, str] = {}
    listed: tuple[int, int | None] | None = None

    @property
    def file_count(self) -> int | None:
        """The number of files; None if it is unknown."""
        return len(self.files) or (self.listed[0] if self.listed else None)

    @property
    def size(self) -> int | None:
        """The size in bytes; None if it is unknown. Among known files, those of unknown size count as 0."""
        if self.files:
            return sum(file.size or 0 for file in self.files)
        return self.listed[1] if self.listed else None

    @property
    def key(self) -> str:
        """Identifies the dataset in a training's key: the content's digest or, if unknown, name and version."""
        return self.digest or digest_of([self.name, self.version])


class ComputeHandle(Struct, frozen=True, kw_only=True):
    """A compute target that is ready for runs. slots: how many runs it takes at a time."""

    name: str
    slots: int
    accelerator: Accelerator
    size: str | None = None


class EnvironmentVersion(Struct, frozen=True, kw_only=True):
    """An environment that is ready to use. key: the digest of its resolved packages and its Python."""

    name: str
    key: str
    created: str
    variables: Mapping[str, str] = {}


class Lineage(Struct, frozen=True, kw_only=True):
    """What a model was made from; each field names something that can be looked up."""

    run_id: str
    dataset: str | None
    environment: str
    snapshot: str
    arguments: tuple[str, ...] = ()


class ModelVersion(Struct, frozen=True, kw_only=True):
    """A version in the model registry.

    source: the address that a script registered, if a script did. A version with only an address has no files.
    aliases, description, stage, tags: set by users and scripts; these may change.
    model_description, model_tags: the same for all versions of the name.
    """

    name: str
    version: int
    digest: str
    files: tuple[File, ...]
    created: str
    lineage: Lineage | None = None
    framework: str | None = None
    metrics: Mapping[str, float] = {}
    tags: Mapping[str, str] = {}
    source: str | None = None
    aliases: tuple[str, ...] = ()
    description: str | None = None
    stage: str | None = None
    model_description: str | None = None
    model_tags: Mapping[str, str] = {}

    @property
    def size(self) -> int:
        return sum(file.size or 0 for file in self.files)


class Snapshot(Struct, frozen=True, kw_only=True):
    """The files of a source directory that are copied for a run."""

    directory: Path
    files: tuple[File, ...]

    @property
    def digest(self) -> str:
        return digest_of_files(self.files)


def digest_of_files(files: Iterable[File]) -> str:
    """Return the digest of a folder's content: of its paths and its files' digests; the order does not matter."""
    return digest_of({file.path: file.sha256 for file in files})
