"""Describe what a training script reads."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal, NoReturn

from dressage.errors import SpecError
from dressage.specs.addresses import ADDRESS_ADVICE, is_address
from dressage.specs.credentials import hide_in_unreadable
from dressage.specs.names import check_name, leaves_folder

WEB = ("http://", "https://")
"""How a web address begins."""
_ABSOLUTE = ("/", "file://", *WEB)
"""How an address begins."""
_LONGEST_NAME = 255
"""Bytes that a file system allows for the name of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file of a dataset.

    path: its path inside the dataset's folder; relative, with forward slashes.
    addresses: http(s) addresses or absolute paths of the same content, tried in this order.
    sha256: the expected digest, 64 lower-case hexadecimal digits; None if it is not known.
    size: in bytes; None if it is not known.
    """

    path: str
    addresses: tuple[str, ...]
    sha256: str | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        if not _is_plain(self.path):
            _refuse_path(self.path)
        if not self.addresses:
            raise SpecError(f"source {self.path!r} has no address; give at least one")
        for address in self.addresses:
            if not address.startswith(_ABSOLUTE):
                raise SpecError(
                    f"source {self.path!r}: address {address!r} is relative; give an absolute path or a URL"
                )
        if self.sha256 is not None and (len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef")):
            raise SpecError(f"source {self.path!r}: sha256 {self.sha256!r} is not 64 lower-case hex digits")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDataset:
    """A folder of files that a run reads. Each new content becomes a new version of the dataset.

    name: unique in the workspace; letters, digits, '-', '_', '.'.
    sources: the files, in any order; each with a different path.
    description, tags: of the dataset, for people.
    left_out: what the folder of the sources has and the dataset does not; lines for people, shown in the plan.
    """

    name: str
    sources: tuple[Source, ...]
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name("dataset", self.name)
        if not self.sources:
            raise SpecError(f"dataset {self.name!r} has no sources; give at least one")
        paths = [source.path for source in self.sources]
        different = set(paths)
        if len(different) < len(paths):
            twice = min(path for path, count in Counter(paths).items() if count > 1)
            raise SpecError(f"dataset {self.name!r} has two sources for {twice!r}; keep one")
        if both := sorted(_folders_of(paths) & different):
            raise SpecError(f"dataset {self.name!r} has {both[0]!r} as a file and as a folder; rename one")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredDataset:
    """A version of a dataset that is registered on the platform.

    version: the number, from 1; None for the newest version when the run is planned.
    """

    name: str
    version: int | None = None

    def __post_init__(self) -> None:
        check_name("dataset", self.name)
        if self.version is not None and self.version < 1:
            raise SpecError(f"dataset {self.name!r}: version {self.version} must be at least 1")


Dataset = FileDataset | RegisteredDataset


def check_sources(dataset: FileDataset) -> None:
    """Raise SpecError if a source cannot be downloaded or stored: for a wrong address, or a name that is too long.

    A description itself may have such sources: old records do.
    """
    for source in dataset.sources:
        for address in source.addresses:
            if address.startswith(WEB) and not is_address(address):
                raise SpecError(
                    f"source {source.path!r}: {hide_in_unreadable(address)!r} is not a complete web address;"
                    f" {ADDRESS_ADVICE}"
                )
        longest = max(map(len, map(os.fsencode, source.path.split("/"))))
        if longest > _LONGEST_NAME:
            raise SpecError(
                f"source path {source.path!r} has a name of more than {_LONGEST_NAME} bytes; shorten it"
            )


def _is_plain(path: str) -> bool:
    """Return whether the path is relative and normalised. Quick: a dataset may have many files."""
    return "\0" not in path and all(
        name not in ("", ".", "..") and len(name) <= 255 for name in path.split("/")
    )


def _refuse_path(path: str) -> NoReturn:
    """Raise SpecError: say what is wrong with the path of a source."""
    if leaves_folder(path) or not PurePosixPath(path).parts:
        raise SpecError(f"source path {path!r} leaves the dataset's folder; make it relative")
    raise SpecError(
        f"source path {path!r}: write it like 'train/a.csv', with names of at most 255 characters"
    )


def _folders_of(paths: Iterable[str]) -> set[str]:
    """Return all folders above the paths."""
    folders: set[str] = set()
    for path in paths:
        while (path := path.rpartition("/")[0]) and path not in folders:
            folders.add(path)
    return folders


@dataclass(frozen=True, slots=True)
class DatasetFolder:
    """An argument of a script. It is replaced by the path of a dataset's folder.

    mode: mount the folder or download it, on platforms that can do both.
    name: the name of the input; None if the run has one input only.
    template: the argument, with "{}" for the path: "--data={}/train.csv"; None if the path is the whole argument.
    """

    mode: Literal["mount", "download"] = "mount"
    name: str | None = None
    template: str | None = None

    def __post_init__(self) -> None:
        if self.template is not None and self.template.count("{}") != 1:
            raise SpecError(
                f"template {self.template!r} of an argument: write {{}} once, for the folder's path"
            )

    def __str__(self) -> str:
        path = f"DATASET:{self.name}" if self.name else "DATASET"
        return path if self.template is None else self.template.replace("{}", path)

    def fill(self, path: str) -> str:
        """Return the argument with the folder's path."""
        return path if self.template is None else self.template.replace("{}", path)


def variable_of_input(name: str) -> str:
    """Return the environment variable that has the path of an input's folder: DRESSAGE_INPUT_TRAIN for "train"."""
    return f"DRESSAGE_INPUT_{re.sub(r'[^A-Za-z0-9]', '_', name).upper()}"


def path_on_disk(address: str) -> Path | None:
    """Return the path of a source that is on the disk; None for a web address."""
    path = Path(address.removeprefix("file://"))
    return path if path.is_absolute() else None
