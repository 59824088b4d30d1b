"""Descriptions: what a recipe asks for, stage by stage.

Frozen, keyword-only, standard library only; built without touching disk or network.
What a platform makes of them is in `dressage.results.versions`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from dressage.errors import SpecError
from dressage.specs.environment_checks import check_list, check_secrets, check_text, check_variables

Accelerator = Literal["gpu", "cpu"]


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
        if parts.is_absolute() or ".." in parts.parts or not parts.parts:
            raise SpecError(f"source path {self.path!r} leaves the dataset's folder; make it relative")
        if not self.addresses:
            raise SpecError(f"source {self.path!r} has no address; give at least one")
        if self.sha256 is not None and (len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef")):
            raise SpecError(f"source {self.path!r}: sha256 {self.sha256!r} is not 64 lower-case hex digits")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDataset:
    """A folder of files that a run reads.

    name: how versions of it are counted; unique in the workspace.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeTarget:
    """Where a run executes.

    size: the platform's name for a machine (Azure: a VM size); platforms without sizes ignore it.
    min_nodes, max_nodes: how far it scales; on one machine max_nodes is the number of runs at a time.
    idle_seconds: how long a node waits for work before it is given back.
    accelerator: what the recipe wants; None leaves it to the platform, which answers with what it has.
    """

    name: str
    size: str | None = None
    min_nodes: int = 0
    max_nodes: int = 1
    idle_seconds: int = 1800
    low_priority: bool = False
    accelerator: Accelerator | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name("compute target", self.name)
        if not 0 <= self.min_nodes <= self.max_nodes or self.max_nodes < 1:
            raise SpecError(
                f"compute target {self.name!r}: min_nodes {self.min_nodes} and max_nodes {self.max_nodes}"
                " must satisfy 0 <= min_nodes <= max_nodes and max_nodes >= 1"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What a training script runs in; with neither `conda` nor `requirements`, the active Python interpreter.

    conda: a conda specification (the text of an environment.yml).
    requirements: the text of a requirements.txt; beside `conda`, it joins the pip part of the specification.
    indexes: names of package indexes, searched in this order before the default one. Configuration holds their
        addresses, which may contain credentials; a recipe and a record hold the names alone.
    find_links: names of folders or pages that list distributions; their addresses are in configuration too.
    base_image: the container image below it, for platforms that build images.
    variables: environment variables of the run; they are recorded.
    secrets: names of environment variables that the script needs. The shell that starts the run has their values,
        which are never recorded.
    """

    name: str
    conda: str | None = None
    requirements: str | None = None
    indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    base_image: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        owner = f"environment {self.name!r}"
        for text in ("name", "conda", "requirements", "base_image"):
            check_text(owner, text, getattr(self, text))
        check_name("environment", self.name)
        check_variables(owner, self.variables)
        check_secrets(owner, self.secrets, self.variables)
        for names, kind in (("indexes", "index"), ("find_links", "find_links")):
            check_list(owner, names, getattr(self, names))
            for name in getattr(self, names):
                check_name(f"{owner}: {kind}", name)
        if self.is_active_interpreter and (self.indexes or self.find_links):
            raise SpecError(
                f"{owner} names an index but installs nothing; give 'conda' or 'requirements' too"
            )

    @property
    def is_active_interpreter(self) -> bool:
        """Whether nothing is installed: the script runs in the active Python interpreter."""
        return self.conda is None and self.requirements is None


@dataclass(frozen=True, slots=True)
class DatasetFolder:
    """Stands among a script's arguments where the dataset's folder goes."""

    mode: Literal["mount", "download"] = "mount"

    def __str__(self) -> str:
        return "DATASET"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What is trained, and how.

    directory: the folder of the training script; a run starts in a copy of it.
    script: the file to run, relative to `directory`.
    arguments: its argument vector; a DatasetFolder arrives as a path, everything else as text.
    output_path: the folder, relative to the run's working directory, that holds the trained model.
    name: what it is registered as; None registers nothing.
    framework: for whoever loads it: "keras", "pytorch", ...
    metric: the metric that sums the run up, as the script logs it.
    checkpoint_path: where the script keeps checkpoints; a resumed run gets it as DRESSAGE_RESUME_FROM.
    """

    directory: Path
    script: str
    arguments: tuple[str | DatasetFolder, ...] = ()
    name: str | None = None
    output_path: str = "outputs/model"
    framework: str | None = None
    metric: str | None = None
    checkpoint_path: str = "outputs/checkpoints"
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name is not None:
            check_name("model", self.name)
        if not self.directory.is_absolute():
            raise SpecError(f"model directory {str(self.directory)!r} is relative; make it absolute")
        for path in (self.script, self.output_path, self.checkpoint_path):
            if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
                raise SpecError(f"model path {path!r} leaves the script's directory; make it relative")

    @property
    def label(self) -> str:
        """Its name, or its script's where it has none."""
        return self.name or PurePosixPath(self.script).stem


def path_on_disk(address: str) -> Path | None:
    """The path that an address of a source is; None for a web address."""
    path = Path(address.removeprefix("file://"))
    return path if path.is_absolute() else None


def check_name(kind: str, name: str) -> None:
    """Refuse what some platform would: names are ASCII letters, digits, '-', '_' and '.'."""
    fine = bool(name) and len(name) <= 255 and name.isascii() and name[0].isalnum()
    if not fine or not all(letter.isalnum() or letter in "-_." for letter in name):
        raise SpecError(
            f"{kind} name {name!r}: use letters, digits, '-', '_' and '.', beginning with a letter or digit"
        )
