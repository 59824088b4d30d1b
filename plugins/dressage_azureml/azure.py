"""The connection to Azure ML: the worker that runs the SDK, and the workspace that all calls are about."""

import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dressage.errors import StageError, UnreachableError
from dressage.records.workspace import Workspace
from dressage_azureml.options import Options, find_reference

if TYPE_CHECKING:
    from dressage.workers import Worker

_WORKER = Path(__file__).parent / "worker"
_SIGN_IN = "sign in: "
"""What the worker's progress begins with that a person has to do before anything goes on."""


class Azure:
    def __init__(self, workspace: Workspace, directory: Path, options: Options) -> None:
        self.options = options
        self._workspace = workspace
        self._directory = directory

    @cached_property
    def reference(self) -> dict[str, str | None]:
        return find_reference(self.options, self._directory)

    def call(
        self,
        stage: str,
        method: str,
        progress: Callable[[str, int, int | None], None] | None = None,
        **arguments: Any,
    ) -> Any:
        """What the worker answers. Raises StageError or UnreachableError with the worker's one line."""
        from dressage.workers import WorkerError

        workspace = arguments.pop("workspace", None) or self.reference
        try:
            return self._worker.call(method, _heard(progress), workspace=workspace, **arguments)
        except WorkerError as error:
            kind = UnreachableError if error.kind in ("network", "busy") else StageError
            raise kind(stage, str(error)) from error

    @cached_property
    def _worker(self) -> "Worker":
        from dressage.workers import Worker

        return Worker(
            "azureml",
            lock=_WORKER / "requirements.lock",
            source=_WORKER,
            module="handlers",
            log=self._log(),
            # Says to the SDK that it must not report home.
            environ={"HBI_WORKSPACE_JOB": "true"},
        )

    def _log(self) -> Path:
        """In the workspace if there is one: a plan makes none."""
        import os
        import tempfile

        if self._workspace.exists:
            return self._workspace.root / "azureml-worker.log"
        return Path(tempfile.gettempdir()) / f"dressage-{os.getuid()}" / "azureml-worker.log"


def _heard(
    progress: Callable[[str, int, int | None], None] | None,
) -> Callable[[str, int, int | None], None]:
    """Progress goes where it is wanted; how to sign in, to standard error in any case."""

    def told(what: str, done: int, total: int | None) -> None:
        if what.startswith(_SIGN_IN):
            sys.stderr.write(f"{what}\n")
        elif progress:
            progress(what, done, total)

    return told
