"""The record of a run, built from the events in its journal.

`dressage.results.entries` describes the entries that this reads.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dressage.errors import RecordError, SpecError
from dressage.files.encoding import from_json
from dressage.records.judgements import Judgement, judgement_of
from dressage.records.requests import RunRequest, Submission
from dressage.records.texts import Texts
from dressage.results.entries import (
    Entry,
    EnvironmentLost,
    FilesLeftOut,
    RunAdopted,
    RunCreated,
    RunDetached,
    RunJudged,
    RunResumed,
    RunSubmitted,
    RunSubmitting,
    RunSupervised,
    StageFinished,
    StateEntered,
)
from dressage.results.plans import Stage
from dressage.results.statuses import ENDED, RunStatus, RunSummary
from dressage.results.tracking import Tracked
from dressage.results.versions import ComputeHandle, DatasetVersion, EnvironmentVersion, ModelVersion


@dataclass(slots=True)
class Record:
    """The state of a run.

    request: a RunRequest as JSON, as the policies last changed it. judgement: a Judgement as JSON, if recorded.
    order: of the run's creation among the runs of the workspace.
    handles: the result of each finished stage, as JSON. datasets: the inputs by name.
    submitting: the last attempt whose submission began. submitted: the last attempt that the platform has.
    processes: the process ids of supervisors, by attempt.
    adopted: the run was started elsewhere, and its record was made from what its platform knows.
    lost_environment: the current attempt got the variables of another shell. changes: how often the state changed.
    texts: the long texts that `request` and `judgement` refer to; None if nobody asks for these.
    entries: how many entries were applied.
    """

    request: Mapping[str, Any] | None = None
    judgement: Mapping[str, Any] | None = None
    created: str | None = None
    order: int | None = None
    handles: dict[Stage, Mapping[str, Any] | None] = field(default_factory=dict)
    datasets: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    attempt: int = 1
    submitting: int = 0
    submitted: int = 0
    processes: dict[int, int] = field(default_factory=dict)
    detached: bool = False
    adopted: bool = False
    lost_environment: bool = False
    changes: int = 0
    entries: int = 0
    canceled: bool = False
    status: RunStatus = field(default_factory=lambda: RunStatus(state="Preparing"))
    tracked: Tracked = field(default_factory=Tracked)
    texts: Texts | None = None

    def apply(self, entry: Entry) -> None:
        """Apply one entry. Those that a later version of dressage wrote are ignored, unreadable ones are counted."""
        self.entries += 1
        match entry:
            case RunCreated():
                self.request, self.created = entry.request, entry.time
                self.judgement, self.order = entry.judgement, entry.order or _order_of(entry.time)
                self.tracked.run_id = str(entry.request.get("run_id", ""))
            case RunJudged():
                self.request, self.judgement = entry.request, entry.judgement
            case StageFinished():
                self._finish_stage(entry)
            case RunSubmitting():
                self.submitting = max(self.submitting, entry.attempt)
            case RunSubmitted():
                self.submitted = max(self.submitted, entry.attempt)
            case RunSupervised():
                self.submitted = max(self.submitted, entry.attempt)
                self.processes[entry.attempt] = entry.process
            case RunAdopted():
                self.adopted, self.created = True, entry.created or self.created
            case RunDetached():
                self.detached = True
            case RunResumed():
                self._resume(entry)
            case StateEntered():
                self._enter(entry)
            case _:
                self._apply_other(entry)

    def _apply_other(self, entry: Entry) -> None:
        """Apply an entry that does not change how the run stands."""
        match entry:
            case EnvironmentLost():
                self.lost_environment = entry.attempt == self.attempt
            case FilesLeftOut():
                self.tracked.left_out = {item.path: item.problem for item in entry.items}
            case _:
                self.tracked.apply(entry)

    def _finish_stage(self, entry: StageFinished) -> None:
        if entry.stage != "dataset":
            self.handles[entry.stage] = entry.handle
        elif entry.name is not None and entry.handle is not None:
            self.datasets[entry.name] = entry.handle

    def _resume(self, entry: RunResumed) -> None:
        self.attempt, self.canceled = entry.attempt, False
        if entry.retry:  # the platform starts it itself: it needs no client to submit it
            self.submitted = max(self.submitted, self.attempt)
        self.lost_environment = False
        self.tracked.left_out = {}
        self.changes += 1
        self.detached = self.detached and entry.retry
        self.status = RunStatus(state="Preparing")

    def _enter(self, entry: StateEntered) -> None:
        after = self.changes if entry.after is None else entry.after
        if (entry.attempt or 1) != self.attempt or after != self.changes:
            return  # a late entry of an attempt that was replaced, or out of date when it was written
        self.changes += 1
        state = entry.state
        self.canceled = state == "Canceled" or (self.canceled and state != "Preparing")
        running = entry.time if state == "Running" else None
        self.status = RunStatus(
            state=state,
            exit_code=entry.exit_code,
            reason=entry.reason,
            started=entry.started or self.status.started or running,
            ended=(entry.ended or entry.time) if state in ENDED else None,
            interrupted=entry.interrupted,
        )

    def is_new(self, seen: RunStatus, attempt: int) -> bool:
        """Return whether a status must be recorded: it differs, and the attempt is current and has not ended.

        seen: the status that the platform reported.
        """
        known = self.status
        changed = (seen.state, seen.reason) != (known.state, known.reason)
        return attempt == self.attempt and not known.has_ended and changed

    @property
    def is_headless(self) -> bool:
        """Whether the request is lost: the journal has entries, but the first one was damaged or deleted."""
        return self.request is None and self.entries > 0

    @property
    def is_submitted(self) -> bool:
        """Whether the platform has the attempt."""
        return self.submitted >= self.attempt

    @property
    def may_be_submitted(self) -> bool:
        """Whether the platform may have the attempt: a client may be killed before it can record the submission."""
        return max(self.submitting, self.submitted) >= self.attempt

    @property
    def used_datasets(self) -> Mapping[str, Mapping[str, Any]]:
        """The inputs that an earlier attempt was submitted with, as JSON by name; empty if none was submitted."""
        return self.datasets if self.submitting else {}

    @property
    def model(self) -> ModelVersion | None:
        """The model that the run registered. Raises RecordError."""
        handle = self.handles.get("model")
        with self._readable():
            return from_json(ModelVersion, handle) if handle else None

    def the_request(self) -> RunRequest:
        """Return the request. Raises RecordError if the journal has none, or one that cannot be read."""
        if self.request is None:
            raise RecordError("the run was never started: its client crashed first; run the command again")
        with self._readable():
            return from_json(RunRequest, self._restore(self.request))

    def the_judgement(self) -> Judgement:
        """Return the policies' judgement. Raises RecordError if it is damaged."""
        if self.judgement is None:
            return judgement_of(self.the_request())
        with self._readable():
            before = self._restore(self.judgement["before"])
            judgement = from_json(Judgement, {**self.judgement, "before": before})
            judgement.check()
            return judgement

    def the_submission(self) -> Submission | None:
        """Return the current attempt's submission; None if its stages are not finished. Raises RecordError."""
        compute, environment = self.handles.get("compute"), self.handles.get("environment")
        if self.request is None or compute is None or environment is None:
            return None
        with self._readable():
            return self._submission(compute, environment)

    def _restore(self, described: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return descriptions with the long texts of their environment. Raises RecordError."""
        if self.texts is None:
            return described
        return {**described, "environment": self.texts.restore(described["environment"])}

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, KeyError, TypeError, AttributeError, SpecError) as error:
            raise RecordError(
                f"run {self.tracked.run_id!r}: its record is damaged or was written by a later version of dressage:"
                f" {error}"
            ) from error

    def _submission(self, compute: Mapping[str, Any], environment: Mapping[str, Any]) -> Submission:
        return Submission(
            request=self.the_request(),
            compute=from_json(ComputeHandle, compute),
            environment=from_json(EnvironmentVersion, environment),
            datasets={name: from_json(DatasetVersion, handle) for name, handle in self.datasets.items()},
            attempt=self.attempt,
        )

    def summary(self, run_id: str) -> RunSummary:
        """Return the run's line in a listing; fields that cannot be read are "?"."""
        request = self.request or {}
        model = self.handles.get("model")
        return RunSummary(
            run_id=run_id,
            recipe=request.get("recipe", "?"),
            platform=request.get("platform", "?"),
            experiment=request.get("experiment", "?"),
            name=request.get("name"),
            tags=request.get("tags") or {},
            status=self.status,
            created=self.created,
            model=f"{model['name']}:{model['version']}" if model else None,
            metrics=self.tracked.latest(),
            metric=((request.get("model") or {}).get("primary_metric") or {}).get("name"),
        )


def _order_of(time: str) -> int:
    """Return the order of a run that was recorded without one."""
    return int(datetime.fromisoformat(time).timestamp() * 1000)
