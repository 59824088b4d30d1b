"""A run, for a program that starts, continues or only watches it."""

import copy
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from dressage.engine.stages import Conductor, label_of
from dressage.errors import DressageError, UnreachableError
from dressage.files.locks import FileLock, is_locked
from dressage.hooks.proxy import PlatformProxy
from dressage.platforms.protocols import Records, Waits
from dressage.platforms.remote import Pace
from dressage.records.judgements import Judgement
from dressage.records.requests import RunRequest
from dressage.records.run_folder import RunFolder
from dressage.records.workspace import Workspace
from dressage.results.events import Listener, LogWritten, RunEnded, StateChanged, ignore
from dressage.results.plans import Stage
from dressage.results.statuses import RunStatus
from dressage.results.tracking import Tracked
from dressage.results.versions import File, ModelVersion

_LOOK_AGAIN_S = 0.1
"""How often a follower looks whether a log has grown, or a run is submitted; its end wakes it at once."""


class Run:
    """One run. While this object lives and is not detached, the run counts as attended by this process.

    is_offline: its platform is not asked how it stands, nor for its log while it is followed; the record is.
    """

    def __init__(
        self,
        workspace: Workspace,
        find_platform: Callable[[], PlatformProxy],
        request: RunRequest,
        attended: FileLock | None = None,
    ) -> None:
        self.id = request.run_id
        self.request = request
        self.is_offline = False
        self.folder = workspace.run(request.run_id)
        self._workspace = workspace
        self._find_platform = find_platform
        self._attended = attended
        self._is_unreachable = False

    def __repr__(self) -> str:
        return f"Run({self.id!r})"

    @cached_property
    def platform(self) -> PlatformProxy:
        """Where it executes. Raises PluginError for a platform that is broken, NotFoundError for one that is gone."""
        return self._find_platform()

    @cached_property
    def _waiter(self) -> Waits | None:
        waiter: Waits | None = self.platform.optional(Waits)
        return waiter

    @cached_property
    def _recorder(self) -> Records | None:
        recorder: Records | None = self.platform.optional(Records)
        return recorder

    @cached_property
    def _pace(self) -> Pace:
        return Pace(self.platform.poll_s)

    @property
    def status(self) -> RunStatus:
        """How the run stands now. Where its platform cannot be asked now, how it stood when it was asked last."""
        record = self.folder.refresh()
        if record.status.has_ended:
            return record.status
        if not record.is_submitted:
            return self._status_before_submission()
        if self.is_offline:
            return record.status
        attempt = record.attempt
        try:
            status = self._keep(self.platform.runs.observe(self.id), attempt)
        except UnreachableError as error:
            self._warn(error)
            return record.status
        self._is_unreachable = False
        return status

    def _look(self) -> RunStatus:
        """The status, without asking the platform more often than is good for it."""
        record = self.folder.refresh()
        is_cheap = record.status.has_ended or not record.is_submitted
        return self.status if is_cheap or self._pace.is_due("status") else record.status

    def _warn(self, error: UnreachableError) -> None:
        import logging

        if not self._is_unreachable:
            logging.getLogger("dressage").warning("run %s: %s; shown as last recorded", self.id, error)
        self._is_unreachable = True

    def _keep(self, seen: RunStatus, attempt: int) -> RunStatus:
        """Write down what was seen. Where that cannot be done, it still is how the run stands."""
        record = self.folder.refresh()
        recorded: tuple[tuple[str, Any], ...] = ()
        try:
            if seen.has_ended and self._recorder and record.is_new(seen, attempt):
                recorded = tuple(self._recorder.records(self.id).events())
            return self.folder.record(seen, attempt, recorded)
        except UnreachableError as error:  # the end is written with what the run recorded, by a later look
            self._warn(error)
            return seen
        except OSError:  # a full disk, or the workspace of somebody else
            return seen

    @property
    def path(self) -> Path:
        """The run's folder in the workspace."""
        return self.folder.path

    @property
    def created(self) -> str | None:
        """When the run was asked for."""
        return self.folder.refresh().created

    @property
    def judgement(self) -> Judgement:
        """What the policies judged when the run was started, or resumed last."""
        return self.folder.refresh().the_judgement()

    @property
    def tracked(self) -> Tracked:
        """Metrics, parameters and tags so far."""
        record = self.folder.refresh()
        is_over = record.status.has_ended or not record.is_submitted
        if is_over or self.is_offline or self._recorder is None:
            return record.tracked
        try:
            recorded = self._recorder.records(self.id)
        except UnreachableError as error:
            self._warn(error)
            return record.tracked
        tracked = copy.deepcopy(record.tracked)
        for event, items in recorded.events():
            tracked.apply({"event": event, "items": items, "attempt": record.attempt})
        return tracked

    @property
    def metric(self) -> float | None:
        """The value of the primary metric, once it is logged."""
        metric = self.request.model.primary_metric
        return self.tracked.latest().get(metric.name) if metric else None

    @property
    def model(self) -> ModelVersion | None:
        """The model that the run registered, once it has."""
        return self.folder.refresh().model

    def stage(self, stage: Stage) -> str | None:
        """What a finished stage came to, in a word."""
        record = self.folder.refresh()
        handles = record.datasets.values() if stage == "dataset" else [record.handles.get(stage)]
        return ", ".join(label_of(handle) for handle in handles if handle) or None

    @property
    def files(self) -> Sequence[File]:
        """What there is below outputs and logs, and what was logged as artifacts; grows while it runs."""
        return self.platform.runs.files(self.id) if self.folder.refresh().submitted else ()

    def download(self, target: str | Path, paths: Iterable[str] = ()) -> None:
        """Put the run's files (all, or those of `paths`) below `target`."""
        self.platform.runs.download(self.id, list(paths) or [file.path for file in self.files], Path(target))

    def cancel(self) -> None:
        """Ask the script to stop, then make it; returns once asked. A run not submitted yet never will be."""
        record = self.folder.refresh()
        if not record.is_submitted:
            self.folder.record(RunStatus(state="Canceled", reason="canceled"), record.attempt)
            record = self.folder.refresh()  # it may have been submitted meanwhile
        if record.may_be_submitted:
            self.platform.runs.cancel(self.id)

    def detach(self) -> None:
        """Let the run continue in the background, on purpose: the same request will then start another one."""
        self.folder.detach()
        self.release()

    def release(self) -> None:
        """Stop attending the run; the same request will continue it if it has not ended."""
        if self._attended:
            self._attended.release()

    @contextmanager
    def release_on_error(self) -> Iterator[None]:
        """An exception keeps what its frames hold: whoever catches it must be able to resume the run."""
        try:
            yield
        except BaseException:
            self.release()
            raise

    def logs(self, *, follow: bool = False, offset: int = 0) -> Iterator[bytes]:
        """The script's output from byte `offset` on, as it wrote it; with `follow`, until the run has ended."""
        while True:
            ended = not follow or self._wait_for_end(_LOOK_AGAIN_S)
            while data := self._more(offset, ended) if follow else self._output(offset):
                offset += len(data)
                yield data
            if ended:
                return

    def wait(self, timeout_s: float | None = None) -> RunStatus:
        """Block until the run has ended and its model is registered, or the time is up."""
        if self._wait_for_end(timeout_s if timeout_s is not None else float("inf")):
            return self._finish(ignore)
        return self.status

    def follow(self, listener: Listener, *, offset: int = 0) -> RunStatus:
        """Tell of every state and all output until the run has ended and its model is registered."""
        told = None
        while True:
            ended = self._wait_for_end(_LOOK_AGAIN_S if told else 0)
            status = self._look()
            if (status.state, status.reason) != told and not status.has_ended:
                listener(StateChanged(self.id, status.state, status.reason))
            told = status.state, status.reason
            while not self.is_offline and (data := self._more(offset, ended)):
                listener(LogWritten(self.id, offset, data))
                offset += len(data)
            if ended:
                return self._finish(listener)

    def _wait_for_end(self, timeout_s: float) -> bool:
        """Wait for the end, up to the time given; False if it is still to come."""
        deadline = time.monotonic() + timeout_s
        while not self.folder.refresh().is_submitted:
            left = deadline - time.monotonic()
            if left <= 0 or self.status.has_ended:
                return self.status.has_ended
            time.sleep(min(left, _LOOK_AGAIN_S))
        return self._wait(deadline)

    def _wait(self, deadline: float) -> bool:
        """For the end of a submitted run. A platform that cannot say when is asked, with pauses that grow."""
        while not self._look().has_ended:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if self._waiter:
                if self._waiter.wait(self.id, left) and not self._look().has_ended:
                    time.sleep(_LOOK_AGAIN_S)  # it says so, and it is not
            else:
                time.sleep(min(left, self._pace.pause_s("status")))
        return True

    def _output(self, offset: int) -> bytes:
        """More of the log."""
        return self.platform.runs.logs(self.id, offset) if self.folder.refresh().submitted else b""

    def _more(self, offset: int, ended: bool) -> bytes:
        """More of the log for a follower. While the run continues, the platform is not asked too often.

        Nothing while the platform cannot be asked.
        """
        try:
            return self._output(offset) if ended or self._pace.is_due("logs") else b""
        except UnreachableError as error:
            self._warn(error)
            return b""

    def _status_before_submission(self) -> RunStatus:
        """The state of a run that its client has yet to submit: nobody else will, if that client is gone."""
        attended = is_locked(self.folder.lock("client"))
        record = self.folder.refresh()
        if attended or record.status.has_ended or record.is_submitted:
            return record.status
        if record.may_be_submitted and (found := self._recover_submission(record.attempt)):
            return found
        reason = f"its client process exited; continue the run with: dressage resume {self.id}"
        return RunStatus(state="Failed", reason=reason, interrupted=True)

    def _recover_submission(self, attempt: int) -> RunStatus | None:
        """The state of a run whose client was killed before it could say that the platform has it."""
        if self.is_offline:
            return None
        try:
            seen = self.platform.runs.observe(self.id)
        except DressageError:
            return None  # it has not
        self.folder.finish_submission(attempt)
        return self._keep(seen, attempt)

    def _finish(self, listener: Listener) -> RunStatus:
        status = self.status
        if status.state == "Completed":
            with self.release_on_error():
                self._register(listener)
        if not status.interrupted:
            self._workspace.forget(self.id)
        listener(RunEnded(self.id, status, self.model))
        self.release()
        return status

    def _register(self, listener: Listener) -> None:
        """The model of a completed run, if it has one to register and nobody did."""
        record = self.folder.refresh()
        submission = record.the_submission() if record.model is None else None
        if submission and self.request.model.name is not None:
            conductor = Conductor(self.request, self.platform, self.folder, listener)
            conductor.register(submission, record.tracked.latest())


def lock_of_client(folder: RunFolder) -> FileLock:
    """The lock of the client that attends a run."""
    return FileLock(folder.lock("client"))
