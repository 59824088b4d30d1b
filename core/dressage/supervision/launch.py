"""The input of a supervisor, and the command that starts a submission's script."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_origin, get_type_hints

from dressage.files.atomic import write_json
from dressage.files.regular import read_regular
from dressage.supervision.resources import Needs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dressage.records.requests import Submission
    from dressage.records.workspace import Workspace
    from dressage.specs.datasets import DatasetFolder


class Launch(NamedTuple):
    """The content of launch.json. It is read with the standard library only, so that a supervisor stays small.

    argv: the command to start. path: the folder of the environment's programs. variables: added to the shell's.
    secrets: the names of variables that only a shell has. compute: the name of the target. slots: how many runs it
    executes at a time, if it is deleted. gpus, memory_mib, cpus: what the run needs of the machine.
    source: the run's snapshot. checkpoints: relative to the working directory. grace_s: the time between SIGTERM and
    SIGKILL. time_limit_s: for the script; None for no limit. retries: how many more attempts may follow an
    interruption. registers: whether a model is registered at the end. workspace: its root. inputs: "none" if the run
    reads no dataset; "copy" if it gets its own copies. umask: the script's; None in an earlier file.
    log_limit: the size of the log in bytes after which output is left out; None for no limit.
    """

    run_id: str
    attempt: int
    experiment: str
    name: str
    argv: list[str]
    path: str
    variables: dict[str, str]
    secrets: list[str]
    compute: str
    slots: int
    gpus: int | None
    memory_mib: int | None
    cpus: int | None
    source: str
    checkpoints: str
    grace_s: float
    time_limit_s: float | None
    retries: int
    registers: bool
    workspace: str
    inputs: str = "none"
    umask: int | None = None
    log_limit: int | None = None

    @property
    def needs(self) -> Needs:
        return Needs(self.gpus, self.memory_mib, self.cpus)

    @classmethod
    def read(cls, path: Path) -> "Launch":
        """Read the file. Raises OSError, and ValueError or TypeError if it has other fields or wrong types."""
        try:
            launch = cls(**json.loads(read_regular(path)))
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
        for name, kind in get_type_hints(cls).items():
            if not _is(getattr(launch, name), kind):
                raise TypeError(f"{name} is {getattr(launch, name)!r:.80}")
        return launch

    @classmethod
    def find(cls, path: Path) -> "Launch | None":
        """Read the file; None if it does not exist or is damaged."""
        try:
            return cls.read(path)
        except (OSError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        write_json(path, self._asdict(), indent=1)


def _is(value: Any, kind: Any) -> bool:
    """Return whether a JSON value has the type of a field."""
    if (inner := get_args(kind)) and (outer := get_origin(kind)) in (list, dict):
        items = (*value.keys(), *value.values()) if isinstance(value, dict) else value
        return isinstance(value, outer) and all(isinstance(item, inner[-1]) for item in items)
    return isinstance(value, kind) or (value is not None and type(value) is int and float in (kind, *inner))


class Command(NamedTuple):
    """argv: starts with the interpreter; the inputs' folders are filled in. python: the environment's interpreter."""

    argv: list[str]
    python: Path
    variables: dict[str, str]


def command_of(workspace: "Workspace", submission: "Submission", copies: Path | None = None) -> Command:
    """Return the command that starts a submission on a machine that can read the workspace.

    Datasets and environments are the workspace's. copies: the folder of the run's own copies of its datasets; None if
    the script reads the workspace's. Raises StageError or NotFoundError if the environment no longer
    exists, SpecError if an argument refers to an input that the recipe does not have.
    """
    from dressage.environments.uv_environments import UvEnvironments
    from dressage.specs.datasets import variable_of_input

    request = submission.request
    python = UvEnvironments(workspace.root / "environments").interpreter(submission.environment.key)
    folders = _input_folders(workspace, submission, copies)
    arguments = [_fill(argument, folders) for argument in request.script.arguments]
    inputs = {variable_of_input(name): folder for name, folder in folders.items()}
    argv = [*request.script.program(str(python)), *arguments]
    return Command(argv, python, {**inputs, **submission.environment.variables})


def _input_folders(
    workspace: "Workspace", submission: "Submission", copies: Path | None
) -> "Mapping[str, str]":
    """Return the path of each input's folder, by the input's name."""
    if not submission.datasets:
        return {}
    from dressage.storage.datasets import StoredDatasets
    from dressage.storage.objects import ObjectStore

    stored = StoredDatasets(workspace.root, ObjectStore(workspace.root / "objects"))
    return {
        name: str(copies / name if copies else stored.folder(version))
        for name, version in submission.datasets.items()
    }


def _fill(argument: "str | DatasetFolder", folders: "Mapping[str, str]") -> str:
    """Return the argument as the script gets it."""
    if isinstance(argument, str):
        return argument
    from dressage.records.requests import input_of

    return argument.fill(folders[input_of(argument, folders)])
