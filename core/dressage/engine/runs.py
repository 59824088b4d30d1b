"""A run: its status, log, files and results, and the ways to wait for it or cancel it."""

import copy
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from dressage.engine.downloads import Choice, choose_files, name_files
from dressage.engine.stages import Conductor, label_of
from dressage.engine.statuses import StatusReader
from dressage.errors import UnreachableError
from dressage.files.locks import FileLock
from dressage.hooks.proxy import PlatformProxy
from dressage.platforms.protocols import Leftovers, Waits
from dressage.records.judgements import Judgement
from dressage.records.requests import RunRequest
from dressage.records.run_folder import RunFolder
from dressage.records.workspace import Workspace
from dressage.results.events import Listener, LogWritten, RunEnded, StateChanged, ignore
from dressage.results.plans import Stage
from dressage.results.statuses import RunStatus
from dressage.results.tracking import Tracked
from dressage.results.versions import File, ModelVersion
from dressage.specs.dataset_addresses import Addresses

_POLL_S = 0.1
"""Seconds between two checks whether a log has grown or a run is submitted. The end of a run is noticed at once."""


class Run:
    """One run. The process that starts or resumes it holds its client lock until `detach`, `release` or its end."""

    def __init__(
        self,
        workspace: Workspace,
        find_platform: Callable[[], PlatformProxy],
        request: RunRequest,
        client_lock: FileLock | None = None,
        addresses: Addresses | None = None,
    ) -> None:
        self.id = request.run_id
        self.request = request
        self.folder = workspace.run(request.run_id)
        self._workspace = workspace
        self._find_platform = find_platform
        self._client_lock = client_lock
        self.addresses = addresses or Addresses()
        self._statuses = StatusReader(self.folder, find_platform)

    def __repr__(self) -> str:
        return f"Run({self.id!r})"

    @cached_property
    def platform(self) -> PlatformProxy:
        """The run's platform. Raises PluginError if it is broken, NotFoundError if it is not installed."""
        return self._find_platform()

    @cached_property
    def _waiter(self) -> Waits | None:
        waiter: Waits | None = self.platform.optional(Waits)
        return waiter

    @property
    def is_offline(self) -> bool:
        """Whether the status and the log come from the record only; the platform is not asked."""
        return self._statuses.is_offline

    @is_offline.setter
    def is_offline(self, value: bool) -> None:
        self._statuses.is_offline = value

    @property
    def status(self) -> RunStatus:
        """The current status; the last recorded one if the platform cannot be reached now."""
        return self._statuses.read()

    @property
    def path(self) -> Path:
        """The run's folder in the workspace."""
        return self.folder.path

    @property
    def created(self) -> str | None:
        """When the run was created; ISO 8601, UTC."""
        return self.folder.refresh().created

    @property
    def judgement(self) -> Judgement:
        """The judgement of the policies when the run was started or last resumed."""
        return self.folder.refresh().the_judgement()

    @property
    def has_leftover(self) -> bool:
        """Whether the script is still running although the run has ended; `cancel` ends it."""
        return self.id in list_leftovers(self.platform)

    @property
    def lost_environment(self) -> bool:
        """Whether the last attempt has the variables of another shell, because its own were lost in the queue."""
        return self.folder.refresh().lost_environment

    @property
    def tracked(self) -> Tracked:
        """Metrics, parameters and tags so far."""
        is_submitted, record = self._is_submitted(), self.folder.refresh()
        is_over = record.status.has_ended or not (is_submitted and record.is_submitted)
        recorder = None if is_over or self.is_offline else self._statuses.recorder
        if recorder is None:
            return record.tracked
        try:
            recorded = recorder.records(self.id)
        except UnreachableError as error:
            self._statuses.warn(error)
            return record.tracked
        from dressage.results.entries import entry_of

        tracked = copy.deepcopy(record.tracked)
        for event, items in recorded.events():
            tracked.apply(entry_of({"event": event, "items": items, "attempt": record.attempt}))
        return tracked

    @property
    def metric(self) -> float | None:
        """The last value of the primary metric; None before it is logged."""
        metric = self.request.model.primary_metric
        return self.tracked.latest().get(metric.name) if metric else None

    @property
    def model(self) -> ModelVersion | None:
        """The model that the run registered; None before that."""
        return self.folder.refresh().model

    def stage(self, stage: Stage) -> str | None:
        """Return the result of a finished stage, such as "mnist-dataset:1"; None before it has finished."""
        record = self.folder.refresh()
        handles = record.datasets.values() if stage == "dataset" else [record.handles.get(stage)]
        return ", ".join(label_of(handle) for handle in handles if handle) or None

    @property
    def files(self) -> Sequence[File]:
        """The files below outputs/ and logs/, and the logged artifacts. More may come while the script runs.

        Other files that the script created or changed in its working directory are below work/, if the platform
        keeps them.
        """
        return self.platform.runs.files(self.id) if self._is_submitted() else ()

    def choose_files(self, paths: Iterable[str] = ()) -> Choice:
        """Return the files that `download` copies, and those that it does not. Raises as `download`."""
        paths = list(paths)
        if not paths:
            return choose_files(self.files)
        has_folder = any(path.endswith("/") for path in paths)
        return name_files(self.id, self.files, paths) if has_folder else Choice(paths)

    def download(
        self, target: str | Path, paths: Iterable[str] = (), *, overwrite: bool = False
    ) -> tuple[File, ...]:
        """Copy the run's files to the folder `target`: those in `paths`, or all but the largest below work/.

        paths: a path that ends with '/' stands for all files below it. overwrite: whether to replace other files.
        Returns the files that were not copied because more than 2 GB are below work/; name them to copy them.
        Raises SettingsError if another file or a link is in the way; NotFoundError, UnreachableError.
        """
        from dressage.storage.destinations import download_into

        choice, folder = self.choose_files(paths), Path(target)
        download_into(
            folder,
            self.id,
            self._describe_files(folder, choice.paths),
            lambda staged: self.platform.runs.download(self.id, choice.paths, staged),
            overwrite=overwrite,
        )
        return choice.skipped

    def _describe_files(self, folder: Path, paths: Sequence[str]) -> list[File]:
        """Return the files with these paths; with their sizes if one of them is in the folder."""
        is_occupied = any((folder / path).exists() for path in paths)
        known = {file.path: file for file in self.files} if is_occupied else {}
        return [known.get(path, File(path=path, size=None)) for path in paths]

    def cancel(self) -> None:
        """Cancel the run; return without waiting for its end. A run that is not submitted yet will not be submitted.

        Raises UnreachableError.
        """
        record = self.folder.refresh()
        if not record.is_submitted:
            self.folder.record(RunStatus(state="Canceled", reason="canceled"), record.attempt)
            record = self.folder.refresh()  # it may have been submitted in the meantime
        if record.may_be_submitted:
            self.platform.runs.cancel(self.id)

    def detach(self) -> None:
        """Let the run continue in the background. The same request then starts a new run."""
        self.folder.detach()
        self._workspace.open_runs.detach(self.id, self.request.key)
        self.release()

    @property
    def is_client(self) -> bool:
        """Whether this object holds the run's client lock."""
        return self._client_lock is not None and self._client_lock.is_held

    def release(self) -> None:
        """Release the run's client lock. If the run has not ended, the same request then resumes it."""
        if self._client_lock:
            self._client_lock.release()

    @contextmanager
    def release_on_error(self) -> Iterator[None]:
        """Release the run if the block raises: the exception would otherwise keep the run's lock held."""
        try:
            yield
        except BaseException:
            self.release()
            raise

    def logs(self, *, follow: bool = False, offset: int = 0) -> Iterator[bytes]:
        """Yield the script's output from byte `offset` on; with `follow`, until the run has ended."""
        while True:
            ended = not follow or self._wait_for_end(_POLL_S)
            while data := self._read_more(offset, ended) if follow else self._read_log(offset):
                offset += len(data)
                yield data
            if ended:
                return

    def wait(self, timeout_s: float | None = None) -> RunStatus:
        """Block until the run has ended and its model is registered, or `timeout_s` is over. Return the status.

        Raises StageError if the model cannot be registered.
        """
        if self._wait_for_end(timeout_s if timeout_s is not None else float("inf")):
            return self._finish(ignore)
        return self.status

    def follow(self, listener: Listener, *, offset: int = 0) -> RunStatus:
        """Call the listener with each state and all output until the run has ended and its model is registered.

        offset: the first byte of the log to send. Raises StageError if the model cannot be registered.
        """
        last = None
        while True:
            ended = self._wait_for_end(_POLL_S if last else 0)
            status = self._statuses.poll()
            if (status.state, status.reason) != last and not status.has_ended:
                listener(StateChanged(self.id, status.state, status.reason))
            last = status.state, status.reason
            while not self.is_offline and (data := self._read_more(offset, ended)):
                listener(LogWritten(self.id, offset, data))
                offset += len(data)
            if ended:
                return self._finish(listener)

    def _wait_for_end(self, timeout_s: float) -> bool:
        """Wait until the run has ended or the time is over. Return whether it has ended."""
        deadline = time.monotonic() + timeout_s
        while not self.folder.refresh().is_submitted:
            left = deadline - time.monotonic()
            if left <= 0 or self.status.has_ended:
                return self.status.has_ended
            time.sleep(min(left, _POLL_S))
        return self._wait_on_platform(deadline)

    def _wait_on_platform(self, deadline: float) -> bool:
        """Wait for the end of a submitted run. A platform without `wait` is polled, with growing pauses."""
        while not self._statuses.poll().has_ended:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if self._waiter:
                if self._waiter.wait(self.id, left) and not self._statuses.poll().has_ended:
                    time.sleep(_POLL_S)  # the two disagree: do not ask again at once
            else:
                time.sleep(min(left, self._statuses.pace.pause_s("status")))
        return True

    def _read_log(self, offset: int) -> bytes:
        """Return more of the log; nothing before the run is submitted."""
        return self.platform.runs.logs(self.id, offset) if self._is_submitted() else b""

    def _is_submitted(self) -> bool:
        """Return whether the platform has an attempt. It is asked if the client was killed while submitting it."""
        record = self.folder.refresh()
        if not record.submitted and record.may_be_submitted:
            self._statuses.read()
        return bool(record.submitted)

    def _read_more(self, offset: int, ended: bool) -> bytes:
        """Return more of the log if it is time to ask the platform; nothing if it cannot be reached.

        ended: the run has ended, so read without pauses.
        """
        try:
            data = self._read_log(offset) if ended or self._statuses.pace.is_due("logs") else b""
        except UnreachableError as error:
            self._statuses.warn(error)
            return b""
        if data:
            self._statuses.pace.note_change()
        return data

    def _finish(self, listener: Listener) -> RunStatus:
        """Register the model of a run that has ended, send the event `RunEnded` and release the run."""
        status = self.status
        if status.state == "Completed":
            with self.release_on_error():
                self._register(listener)
        if not status.interrupted:
            self._workspace.open_runs.remove(self.id, self.request.key)
        listener(RunEnded(self.id, status, self.model))
        self.release()
        return status

    def _register(self, listener: Listener) -> None:
        """Register the model of the completed run, if it has a name and is not registered yet."""
        record = self.folder.refresh()
        submission = record.the_submission() if record.model is None else None
        if submission and self.request.model.name is not None:
            conductor = Conductor(self.request, self.platform, self.folder, listener, self.addresses)
            conductor.register(submission, record.tracked.latest())


def list_leftovers(platform: PlatformProxy) -> Sequence[str]:
    """Return the ids of the platform's runs whose script is still running although the run has ended."""
    found: Leftovers | None = platform.optional(Leftovers)
    return found.leftovers() if found else ()


def lock_of_client(folder: RunFolder) -> FileLock:
    """Return the lock that a client holds while it prepares or follows the run."""
    return FileLock(folder.lock("client"))
