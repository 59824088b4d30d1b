"""The platform. It passes calls on to the platform `local` of the other machine; `program.py` answers them there."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import NoneType
from typing import Any, get_type_hints

from msgspec import structs

from dressage import ComputeTarget, StageError
from dressage.platforms.protocols import Compute, Environments, Runs
from dressage.platforms.remote_calls import RemoteProgram
from dressage.records.requests import RunRequest, Submission
from dressage.records.workspace import Workspace
from dressage.results.plans import StagePlan
from dressage.results.tracking import Recorded
from dressage.storage.datasets import StoredDatasets
from dressage.storage.objects import ObjectStore
from remote_machine import Options


class RemoteMachine:
    """Datasets and models are in the workspace here; what a run needs is copied."""

    def __init__(self, workspace: Workspace, options: Options) -> None:
        text = Path(__file__).with_name("program.py").read_bytes()
        program = RemoteProgram(options.reach, options.python, text, [options.folder, str(options.grace_s)])
        self.runs = RemoteRuns(program, workspace, options.poll_s)
        self.compute = RemoteCompute(program, options)
        self.environments = Remote(program, "environments", Environments)


class Remote:
    """A capability of the other machine, with the methods of its protocol."""

    def __init__(self, program: RemoteProgram, capability: str, protocol: type) -> None:
        self._program, self._capability, self._protocol = program, capability, protocol

    def __getattr__(self, method: str) -> Any:
        answer = get_type_hints(getattr(self._protocol, method))["return"]
        return partial(self._call, answer, method)

    def _call(self, kind: type, method: str, *arguments: Any, **named: Any) -> Any:
        given = [argument for argument in arguments if not callable(argument)]
        progress: Any = next(filter(callable, arguments), None)
        answer: Any = self._program.call(
            kind, "call", self._capability, method, given, named, progress=progress
        )
        if not isinstance(answer, StagePlan):
            return answer
        reasons = (f"on the other machine: {reason}" for reason in answer.reasons)
        return structs.replace(answer, reasons=tuple(reasons))


class RemoteCompute(Remote):
    def __init__(self, program: RemoteProgram, options: Options) -> None:
        super().__init__(program, "compute", Compute)
        self._options = options

    def resolve(self, target: ComputeTarget) -> ComputeTarget:
        """Return the target. This must not ask the machine."""
        return replace(target, size=None, accelerator=target.accelerator or self._options.accelerator)


class RemoteRuns(Remote):
    priorities = True

    def __init__(self, program: RemoteProgram, workspace: Workspace, poll_s: float) -> None:
        super().__init__(program, "runs", Runs)
        self._datasets = StoredDatasets(workspace.root, ObjectStore(workspace.root / "objects"))
        self.poll_s = poll_s

    def submit(self, submission: Submission) -> None:
        """Start an attempt. If the machine has not got the source or a dataset, send that first."""
        secrets = {name: os.environ[name] for name in submission.request.environment.secrets}
        start = partial(self._program.call, list[str], "start", submission, secrets)
        if missing := start():
            self._send(submission, missing)
            if left := start():
                raise StageError(
                    "model", f"run {submission.run_id!r}: the other machine does not keep {left}"
                )

    def _send(self, submission: Submission, missing: Sequence[str]) -> None:
        source = submission.request.snapshot
        if source.digest in missing:
            self._program.call(NoneType, "store_source", source, files=source.directory)
        for version in submission.datasets.values():
            if version.digest in missing:
                folder = self._datasets.folder(version)
                self._program.call(NoneType, "store_dataset", version, files=folder)

    def download(self, run_id: str, paths: Iterable[str], target: Path) -> None:
        self._program.call(NoneType, "download", run_id, list(paths), target=target)

    def records(self, run_id: str) -> Recorded:
        return self._program.call(Recorded, "records", run_id)

    def notes(self, _: RunRequest) -> Sequence[str]:
        return [f"executes on the machine that is reached with: {self._program.reach}"]
