"""What a supervisor is given, and how a submission becomes a command on a machine."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dressage.records.requests import Submission
    from dressage.records.workspace import Workspace
    from dressage.specs.datasets import DatasetFolder


class Launch(NamedTuple):
    """launch.json. It is read with the standard library alone, which a supervisor starts and stays small with.

    argv: what is started. path: the folder of the environment's programs. variables: beside those of the shell.
    queue, ticket, slots: the place in line at `compute`. grace_s: from SIGTERM to SIGKILL. time_limit_s: for the
    script; None for none. registers: whether the run leaves a model to register. workspace: its root.
    """

    run_id: str
    attempt: int
    experiment: str
    name: str
    argv: list[str]
    path: str
    variables: dict[str, str]
    compute: str
    queue: str
    ticket: int
    slots: int
    grace_s: float
    time_limit_s: float | None
    registers: bool
    workspace: str

    @classmethod
    def read(cls, path: Path) -> "Launch":
        """Raises TypeError if the file holds other fields."""
        return cls(**json.loads(path.read_text()))

    def write(self, path: Path) -> None:
        from dressage.files.atomic import write_json

        write_json(path, self._asdict(), indent=1)


class Command(NamedTuple):
    """argv: with the interpreter and the folders of the inputs in it. python: the environment's interpreter."""

    argv: list[str]
    python: Path
    variables: dict[str, str]


def command_of(workspace: "Workspace", submission: "Submission") -> Command:
    """How to start a submission on a machine that sees the workspace, with the workspace's datasets and environments.

    Raises StageError or NotFoundError if the environment is not there any more, SpecError if an argument stands for
    an input that the recipe does not have.
    """
    from dressage.environments.uv_environments import UvEnvironments

    python = UvEnvironments(workspace.root / "environments").interpreter(submission.environment.key)
    arguments = [_word(workspace, submission, argument) for argument in submission.request.script.arguments]
    argv = [*submission.request.script.program(str(python)), *arguments]
    return Command(argv, python, dict(submission.environment.variables))


def _word(workspace: "Workspace", submission: "Submission", argument: "str | DatasetFolder") -> str:
    """The argument as the script gets it."""
    if isinstance(argument, str):
        return argument
    from dressage.records.requests import input_of
    from dressage.storage.datasets import StoredDatasets
    from dressage.storage.objects import ObjectStore

    stored = StoredDatasets(workspace.root, ObjectStore(workspace.root / "objects"))
    return str(stored.folder(submission.datasets[input_of(argument, submission.datasets)]))
