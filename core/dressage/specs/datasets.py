"""What a training script reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from dressage.errors import SpecError
from dressage.specs.names import check_name, leaves_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file of a dataset.

    path: where it lies inside the dataset's folder; relative, with forward slashes.
    addresses: http(s) addresses or absolute paths of the same bytes, tried in turn.
    sha256: 64 hexadecimal digits; None when nobody has said what the bytes must be.
    size: bytes, if known.
    """

    path: str
    addresses: tuple[str, ...]
    sha256: str | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        parts = PurePosixPath(self.path)
        if leaves_folder(self.path) or not parts.parts:
            raise SpecError(f"source path {self.path!r} leaves the dataset's folder; make it relative")
        if str(parts) != self.path or max(map(len, parts.parts)) > 255:
            raise SpecError(
                f"source path {self.path!r}: write it plainly, like 'train/a.csv'; names up to 255 long"
            )
        if not self.addresses:
            raise SpecError(f"source {self.path!r} has no address; give at least one")
        if self.sha256 is not None and (len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef")):
            raise SpecError(f"source {self.path!r}: sha256 {self.sha256!r} is not 64 lower-case hex digits")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDataset:
    """A folder of files that a run reads. Each new content of it becomes a version.

    name: unique in the workspace.
    sources: the files, in any order; their paths differ.
    """

    name: str
    sources: tuple[Source, ...]
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name("dataset", self.name)
        if not self.sources:
            raise SpecError(f"dataset {self.name!r} has no sources; give at least one")
        paths = [source.path for source in self.sources]
        twice = sorted({path for path in paths if paths.count(path) > 1})
        if twice:
            raise SpecError(f"dataset {self.name!r} has two sources for {twice[0]!r}; keep one")
        folders = {str(folder) for path in paths for folder in PurePosixPath(path).parents}
        if both := sorted(folders.intersection(paths)):
            raise SpecError(f"dataset {self.name!r} has {both[0]!r} as a file and as a folder; rename one")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredDataset:
    """A version that the platform has already.

    version: counted from 1; None takes the newest there is when the run is planned.
    """

    name: str
    version: int | None = None

    def __post_init__(self) -> None:
        check_name("dataset", self.name)
        if self.version is not None and self.version < 1:
            raise SpecError(f"dataset {self.name!r}: version {self.version} must be at least 1")


Dataset = FileDataset | RegisteredDataset


@dataclass(frozen=True, slots=True)
class DatasetFolder:
    """Stands among a script's arguments where a dataset's folder goes.

    mode: mount the folder or download it, on platforms that offer both. name: which of several inputs.
    """

    mode: Literal["mount", "download"] = "mount"
    name: str | None = None

    def __str__(self) -> str:
        return f"DATASET:{self.name}" if self.name else "DATASET"


def path_on_disk(address: str) -> Path | None:
    """The path that an address of a source is; None for a web address."""
    path = Path(address.removeprefix("file://"))
    return path if path.is_absolute() else None
