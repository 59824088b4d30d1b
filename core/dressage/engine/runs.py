"""A run, in the hands of whoever started, continues or only watches it."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dressage.engine.stages import Conductor, label_of
from dressage.files.locks import FileLock, is_locked
from dressage.platforms.protocols import Platform
from dressage.records.jobs import Job
from dressage.records.record import Reader, journal_of
from dressage.records.workspace import Workspace
from dressage.results.events import Listener, LogWritten, RunEnded, StateChanged, ignore
from dressage.results.plans import Stage
from dressage.results.statuses import RunStatus
from dressage.results.tracking import Tracked
from dressage.results.versions import File, ModelVersion

_LOOK_AGAIN_S = 0.1
"""How often a follower looks whether a log has grown, or a run is submitted; its end wakes it at once."""


class Run:
    """One run. While this object lives and is not detached, the run counts as attended by this process."""

    def __init__(
        self, workspace: Workspace, platform: Platform, job: Job, attended: FileLock | None = None
    ) -> None:
        self.id = job.run_id
        self.job = job
        self.platform = platform
        self.folder = workspace.run(job.run_id)
        self._reader = Reader(journal_of(self.folder))
        self._workspace = workspace
        self._attended = attended

    def __repr__(self) -> str:
        return f"Run({self.id!r})"

    @property
    def status(self) -> RunStatus:
        """How the run stands now."""
        record = self._reader.refresh()
        if record.status.has_ended:
            return record.status
        return self.platform.runs.status(self.id) if record.is_submitted else self._prepared_by_someone()

    @property
    def created(self) -> str | None:
        """When the run was asked for."""
        return self._reader.refresh().created

    @property
    def tracked(self) -> Tracked:
        """Metrics, parameters and tags so far."""
        return self.platform.runs.tracked(self.id)

    @property
    def metric(self) -> float | None:
        """The metric that sums the run up, once it is logged."""
        return self.tracked.latest().get(self.job.model.metric or "")

    @property
    def model(self) -> ModelVersion | None:
        """The model that the run registered, once it has."""
        return self._reader.refresh().model

    def stage(self, stage: Stage) -> str | None:
        """What a finished stage came to, in a word."""
        handle = self._reader.refresh().handles.get(stage)
        return label_of(handle) if handle else None

    @property
    def files(self) -> Sequence[File]:
        """What there is below outputs and logs, and what was logged as artifacts; grows while it runs."""
        return self.platform.runs.files(self.id)

    def download(self, target: str | Path, paths: Iterable[str] = ()) -> None:
        """Put the run's files (all, or those of `paths`) below `target`."""
        self.platform.runs.download(self.id, list(paths) or [file.path for file in self.files], Path(target))

    def cancel(self) -> None:
        """Ask the script to stop, then make it; returns once asked. A run not submitted yet never will be."""
        record = self._reader.refresh()
        if not record.is_submitted:
            self._reader.journal.append("state", state="Canceled", reason="canceled", attempt=record.attempt)
            record = self._reader.refresh()  # it may have been submitted meanwhile
        if record.is_submitted:
            self.platform.runs.cancel(self.id)

    def detach(self) -> None:
        """Leave the run to itself, on purpose: the same request will then start another one."""
        self._reader.journal.append("run.detached")
        self.release()

    def release(self) -> None:
        """Stop attending the run; the same request will continue it if it has not ended."""
        if self._attended:
            self._attended.release()

    @contextmanager
    def released_on_error(self) -> Iterator[None]:
        """An exception keeps what its frames hold: whoever catches it must be able to resume the run."""
        try:
            yield
        except BaseException:
            self.release()
            raise

    def logs(self, *, follow: bool = False, offset: int = 0) -> Iterator[bytes]:
        """The script's output from byte `offset` on, as it wrote it; with `follow`, until the run has ended."""
        while True:
            ended = not follow or self._ended(_LOOK_AGAIN_S)
            while data := self._output(offset):
                offset += len(data)
                yield data
            if ended:
                return

    def wait(self, timeout_s: float | None = None) -> RunStatus:
        """Block until the run has ended and its model is registered, or the time is up."""
        if self._ended(timeout_s if timeout_s is not None else float("inf")):
            return self._finished(ignore)
        return self.status

    def follow(self, listener: Listener, *, offset: int = 0) -> RunStatus:
        """Tell of every state and all output until the run has ended and its model is registered."""
        told = None
        while True:
            ended = self._ended(_LOOK_AGAIN_S if told else 0)
            status = self.status
            if (status.state, status.reason) != told and not status.has_ended:
                listener(StateChanged(self.id, status.state, status.reason))
            told = status.state, status.reason
            for data in self.logs(offset=offset):
                listener(LogWritten(self.id, offset, data))
                offset += len(data)
            if ended:
                return self._finished(listener)

    def _ended(self, timeout_s: float) -> bool:
        """Wait for the end, up to the time given; False if it is still to come."""
        deadline = time.monotonic() + timeout_s
        while not self._reader.refresh().is_submitted:
            left = deadline - time.monotonic()
            if left <= 0 or self.status.has_ended:
                return self.status.has_ended
            time.sleep(min(left, _LOOK_AGAIN_S))
        return self.platform.runs.wait(self.id, max(0.0, deadline - time.monotonic()))

    def _output(self, offset: int) -> bytes:
        return self.platform.runs.logs(self.id, offset) if self._reader.refresh().submitted else b""

    def _prepared_by_someone(self) -> RunStatus:
        """The state of a run that its client has yet to submit: nobody else will, if that client is gone."""
        attended = is_locked(self.folder / "client.lock")
        status = self._reader.refresh().status
        if attended or status.has_ended or self._reader.record.is_submitted:
            return status
        reason = f"its client is gone; continue it with: dressage resume {self.id}"
        return RunStatus(state="Failed", reason=reason, interrupted=True)

    def _finished(self, listener: Listener) -> RunStatus:
        status, record = self.status, self._reader.refresh()
        request = record.the_request()
        if status.state == "Completed" and record.model is None and request:
            Conductor(self.job, self.platform, self._reader.journal, listener).register(request)
        if not status.interrupted:
            forget(self._workspace, self.id)
        listener(RunEnded(self.id, status, self.model))
        self.release()
        return status


def remember(workspace: Workspace, job: Job) -> None:
    """Mark the run as open: the same request finds it until its end has been seen."""
    (workspace.root / "open" / f"{job.key}.{job.run_id}").touch()


def forget(workspace: Workspace, run_id: str) -> None:
    for marker in (workspace.root / "open").glob(f"*.{run_id}"):
        marker.unlink(missing_ok=True)


def still_open(workspace: Workspace, key: str) -> list[str]:
    """The ids of open runs of the same request, the oldest first."""
    return sorted(marker.name.partition(".")[2] for marker in (workspace.root / "open").glob(f"{key}.*"))


def attendance(workspace: Workspace, run_id: str) -> FileLock:
    """The lock of the client that attends a run."""
    return FileLock(workspace.run(run_id) / "client.lock")
