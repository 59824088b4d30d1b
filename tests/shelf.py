"""A platform that accepts every run at once and starts none: what is left is the work of the client."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from dressage import StageError, hookimpl
from dressage.records.requests import Submission
from dressage.results.statuses import RunStatus
from dressage.results.versions import File


class Shelf:
    """The plugin, and its runs.

    submitted: the submissions, in order. observed: the ids of the runs whose status was asked for.
    statuses: the status of a run until it is submitted again; Queued for all others.
    refused: the ids of runs that it refuses.
    """

    def __init__(self) -> None:
        self.runs = self
        self.submitted: list[Submission] = []
        self.observed: list[str] = []
        self.statuses: dict[str, RunStatus] = {}
        self.refused: set[str] = set()

    @hookimpl
    def platform(self) -> "Shelf":
        return self

    def submit(self, submission: Submission) -> None:
        if submission.run_id in self.refused:
            raise StageError("model", f"no quota for {submission.run_id}")
        self.submitted.append(submission)
        self.statuses.pop(submission.run_id, None)

    def observe(self, run_id: str) -> RunStatus:
        self.observed.append(run_id)
        return self.statuses.get(run_id, RunStatus(state="Queued"))

    def logs(self, run_id: str, offset: int = 0) -> bytes:
        return b""

    def files(self, run_id: str) -> Sequence[File]:
        return ()

    def download(self, run_id: str, paths: Iterable[str], target: Path) -> None: ...

    def cancel(self, run_id: str) -> None:
        self.statuses[run_id] = RunStatus(state="Canceled")
