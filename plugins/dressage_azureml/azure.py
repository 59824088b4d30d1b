"""The connection to Azure ML: the worker that runs the SDK, and the workspace that it opens."""

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
"""Prefix of the worker's progress that tells the user how to sign in. worker/credentials.py writes it."""


class Azure:
    """Calls functions of the worker. directory: where the search for config.json starts."""

    def __init__(self, workspace: Workspace, directory: Path, options: Options) -> None:
        self.options = options
        self._workspace = workspace
        self._directory = directory

    @cached_property
    def reference(self) -> dict[str, str | None]:
        """The names of the Azure ML workspace, and how to sign in. Raises SettingsError."""
        return find_reference(self.options, self._directory)

    def call(
        self,
        stage: str,
        method: str,
        progress: Callable[[str, int, int | None], None] | None = None,
        **arguments: Any,
    ) -> Any:
        """Call a function of the worker and return its result.

        stage: the stage that an error names.
        Raises: UnreachableError if the service cannot be reached or is busy, StageError for any other failure.
        """
        from dressage.workers import WorkerError

        workspace = arguments.pop("workspace", None) or self.reference
        try:
            return self._worker.call(method, _show_sign_in(progress), workspace=workspace, **arguments)
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
            # Disables the SDK's telemetry.
            environ={"HBI_WORKSPACE_JOB": "true"},
        )

    def _log(self) -> Path:
        """Return the path of the worker's log: in the workspace if it exists, because a plan does not create one."""
        from dressage.workers import worker_folder

        root = self._workspace.root if self._workspace.exists else worker_folder()
        return root / "azureml-worker.log"


def _show_sign_in(
    progress: Callable[[str, int, int | None], None] | None,
) -> Callable[[str, int, int | None], None]:
    """Return a callback that passes progress on, and writes sign-in instructions to standard error."""

    def report(what: str, done: int, total: int | None) -> None:
        if what.startswith(_SIGN_IN):
            sys.stderr.write(f"{what}\n")
        elif progress:
            progress(what, done, total)

    return report
