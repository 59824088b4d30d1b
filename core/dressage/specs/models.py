"""What is trained: the script, how it is started, and what it leaves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from dressage.errors import SpecError
from dressage.specs.datasets import DatasetFolder
from dressage.specs.names import check_name, leaves_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """How many processes one run is. framework: whose variables and launcher they expect; None for plain ones."""

    nodes: int = 1
    processes_per_node: int = 1
    framework: Literal["pytorch", "tensorflow", "jax", "mpi"] | None = None

    def __post_init__(self) -> None:
        if self.nodes < 1 or self.processes_per_node < 1:
            raise SpecError(
                f"distribution of {self.nodes} nodes with {self.processes_per_node} processes each:"
                " give at least 1 of both"
            )

    @property
    def processes(self) -> int:
        return self.nodes * self.processes_per_node


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is started, and how.

    directory: the source directory, absolute; a run starts in a copy of it.
    file, module, command: one of the three: a Python file relative to `directory`, a module for `python -m`, or a
        program in the environment (or, with a '/', in the copy of `directory`).
    arguments: the argument vector; a DatasetFolder arrives as a path, everything else as text.
    checkpoint_path: where the script keeps checkpoints, relative to its working directory; a run that is resumed
        gets it as DRESSAGE_RESUME_FROM.
    distribution: how many processes; one by default.
    """

    directory: Path
    file: str | None = None
    module: str | None = None
    command: str | None = None
    arguments: tuple[str | DatasetFolder, ...] = ()
    checkpoint_path: str = "outputs/checkpoints"
    distribution: Distribution = Distribution()

    def __post_init__(self) -> None:
        ways = [way for way in ("file", "module", "command") if getattr(self, way)]
        if len(ways) != 1:
            given = " and ".join(ways) or "none"
            raise SpecError(f"script: give one of file, module and command (given: {given})")
        if not self.directory.is_absolute():
            raise SpecError(f"script directory {str(self.directory)!r} is relative; make it absolute")
        words = [word for word in (self.module, self.command, *self.arguments) if isinstance(word, str)]
        if any("\0" in word for word in words):
            raise SpecError("script: a word of its command line holds a NUL byte; leave it out")
        for path in filter(None, (self.file, self.checkpoint_path)):
            if leaves_folder(path):
                raise SpecError(f"script path {path!r} leaves the script's directory; make it relative")

    @property
    def label(self) -> str:
        """The script as a person would name it: "train.py", "-m package.train", "torchrun"."""
        return self.file or (f"-m {self.module}" if self.module else str(self.command))

    def program(self, python: str) -> tuple[str, ...]:
        """The words that come before the arguments. python: the environment's interpreter."""
        if self.command:
            return (self.command,)
        return (python, "-m", self.module) if self.module else (python, str(self.file))


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryMetric:
    """The metric that a run is judged by. name: as the script logs it. goal: which values are better."""

    name: str
    goal: Literal["maximize", "minimize"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What is trained.

    script: what trains it.
    name: what it is registered as; None registers nothing.
    output_path: the folder that holds the trained model, relative to the script's working directory.
    framework: the library that loads the model: "keras", "pytorch", ...
    primary_metric: the metric that a run is judged by.
    """

    script: Script
    name: str | None = None
    output_path: str = "outputs/model"
    framework: str | None = None
    primary_metric: PrimaryMetric | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name is not None:
            check_name("model", self.name)
        if leaves_folder(self.output_path):
            raise SpecError(
                f"model path {self.output_path!r} leaves the script's directory; make it relative"
            )

    @property
    def label(self) -> str:
        """Its name, or its script's where it has none."""
        return self.name or PurePosixPath(self.script.label.removeprefix("-m ")).stem
