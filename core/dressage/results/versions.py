"""What a platform returns once something is there: versions of datasets, environments and models.

Plain values that survive a journal, by `dressage.files.encoding`.
Digests are lower-case hexadecimal SHA-256; times are ISO 8601 in UTC; sizes are bytes.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from dressage.files.digests import digest_of
from dressage.specs.compute import Accelerator


class File(Struct, frozen=True, kw_only=True):
    """One file: its path inside the folder it belongs to (forward slashes), its bytes' digest and size.

    sha256 is None where nobody has read the bytes, as for the outputs of a run that is still going; size is None
    where a platform lists names alone.
    """

    path: str
    size: int | None
    sha256: str | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a path that leads out of its folder: records may have been written by others."""
        if self.path.startswith("/") or ".." in self.path.split("/") or "\0" in self.path:
            raise ValueError(f"file path {self.path!r} leads out of its folder")


class DatasetVersion(Struct, frozen=True, kw_only=True):
    """A version of a dataset, where runs can read it.

    version: counted from 1. digest: of its content; "" where nobody has read it, as for one that was registered by
    other means. files: () where a listing does not know them. created: ISO 8601, UTC; "" where it is not known.
    """

    name: str
    version: int
    digest: str
    files: tuple[File, ...]
    created: str
    description: str = ""
    tags: Mapping[str, str] = {}

    @property
    def size(self) -> int:
        """Bytes, as far as they are known."""
        return sum(file.size or 0 for file in self.files)

    @property
    def key(self) -> str:
        """What a training goes by: the content, or the name and number where that is not known."""
        return self.digest or digest_of([self.name, self.version])


class ComputeHandle(Struct, frozen=True, kw_only=True):
    """A compute target that is ready to take runs. slots: how many at a time."""

    name: str
    slots: int
    accelerator: Accelerator
    size: str | None = None


class EnvironmentVersion(Struct, frozen=True, kw_only=True):
    """An environment that can be used now. key: the digest of what it resolved to."""

    name: str
    key: str
    created: str
    variables: Mapping[str, str] = {}


class Lineage(Struct, frozen=True, kw_only=True):
    """Where a model came from; each part names something that can still be looked up."""

    run_id: str
    dataset: str | None
    environment: str
    snapshot: str
    arguments: tuple[str, ...] = ()


class ModelVersion(Struct, frozen=True, kw_only=True):
    """A version in the registry of models.

    source: what a script registered, where it was a script that did. A version of an address alone has no files.
    aliases, description, stage, tags: what people and scripts say of it; these may change. model_description,
    model_tags: what they say of all versions of the name.
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
    """The files of a source directory that a run gets a copy of."""

    directory: Path
    files: tuple[File, ...]

    @property
    def digest(self) -> str:
        return digest_of_files(self.files)


def digest_of_files(files: Iterable[File]) -> str:
    """The name of a folder's content: the digest of its paths and their bytes' digests, in any order."""
    return digest_of({file.path: file.sha256 for file in files})
