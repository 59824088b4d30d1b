"""Describe what is trained: the script, how it is started, and the model that it writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from dressage.errors import SpecError
from dressage.specs.datasets import DatasetFolder
from dressage.specs.names import check_name, leaves_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """The processes of one run.

    framework: the framework whose variables and launcher the processes expect; None for none.
    """

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
    """The script of a run, and how to start it.

    directory: the source directory, absolute; a run starts in a copy of it.
    file, module, command: one of the three: a Python file relative to `directory`, a module for `python -m`, or a
        program in the environment (or, with a '/', in the copy of `directory`).
    arguments: the arguments of the script; each DatasetFolder is replaced by the path of a dataset's folder.
    checkpoint_path: the folder where the script saves checkpoints, relative to its working directory. In a resumed
        run, the variable DRESSAGE_RESUME_FROM is the path of the earlier attempt's checkpoints.
    distribution: how many processes; one by default.
    name: what people call the script in plans and listings; by default its file, module or command.
    include: patterns of files that a run gets although .gitignore or .amlignore lists them, or a link to a folder
        outside `directory` leads to them; in the syntax of .gitignore, relative to `directory`.
    only: the files and folders that a run gets, relative to `directory`; by default all. So scripts can share a
        folder, and a change of one script does not affect runs of another.
    secret_files: paths of files with secrets, relative to `directory`. They are left out unless `include` names them,
        and so are files whose names say that they have secrets, such as .env.
    """

    directory: Path
    file: str | None = None
    module: str | None = None
    command: str | None = None
    arguments: tuple[str | DatasetFolder, ...] = ()
    checkpoint_path: str = "outputs/checkpoints"
    distribution: Distribution = Distribution()
    name: str | None = None
    include: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    secret_files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ways = [way for way in ("file", "module", "command") if getattr(self, way)]
        if len(ways) != 1:
            given = " and ".join(ways) or "none"
            raise SpecError(f"script: give one of file, module and command (given: {given})")
        if not self.directory.is_absolute():
            raise SpecError(f"script directory {str(self.directory)!r} is relative; make it absolute")
        words = [word for word in (self.module, self.command, *self.arguments) if isinstance(word, str)]
        if any("\0" in word for word in words):
            raise SpecError("script: an argument contains a NUL byte; remove it")
        for path in filter(None, (self.file, self.checkpoint_path)):
            if leaves_folder(path):
                raise SpecError(f"script path {path!r} leaves the script's directory; make it relative")
        for pattern in self.include:
            _check_pattern(pattern)
        for path in self.only:
            if not path or leaves_folder(path):
                raise SpecError(
                    f"only {path!r} is not a path in the script's directory; make it relative to it"
                )

    @property
    def label(self) -> str:
        """The script's name for people: "train.ipynb", "train.py", "-m package.train", "torchrun"."""
        return self.name or self.entry_point

    @property
    def entry_point(self) -> str:
        """What is started: "train.py", "-m package.train", "torchrun"."""
        return self.file or (f"-m {self.module}" if self.module else str(self.command))

    def program(self, python: str) -> tuple[str, ...]:
        """Return the start of the command line, before the arguments. python: the environment's interpreter."""
        if self.command:
            return (self.command,)
        return (python, "-m", self.module) if self.module else (python, str(self.file))


def _check_pattern(pattern: str) -> None:
    """Raise SpecError unless it is a pattern of paths inside the source directory."""
    if not pattern.strip("./ ") or pattern[0] in "!#" or leaves_folder(pattern.lstrip("/")):
        raise SpecError(
            f"include {pattern!r} is not a pattern of paths in the source directory; give one such as 'data/*.csv'"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryMetric:
    """The metric that a run is judged by.

    name: the name under which the script logs it. goal: whether higher or lower values are better.
    """

    name: str
    goal: Literal["maximize", "minimize"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What is trained.

    script: the script that trains the model.
    name: the name to register the model under; None to register nothing.
    output_path: the folder or the file with the trained model, relative to the script's working directory. Some
        platforms keep only what is in outputs/ and logs/.
    framework: the library that loads the model: "keras", "pytorch", ...
    primary_metric: the metric that a run is judged by.
    tags: tags of the registered model.
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
        """The model's name, or the script's if the model has none."""
        is_module = self.script.module and not self.script.name
        return (
            self.name or (self.script.module if is_module else None) or PurePosixPath(self.script.label).stem
        )
