"""The record of a run, folded from its journal.

Events, beside those in `dressage.results.tracking`; `RunFolder` writes them:
    run.created     request, judgement      what was asked for, and what the policies made of it
    run.judged      request, judgement      the policies judged it again, before another attempt
    stage.started   stage, name
    stage.finished  stage, handle, name     the stage's result; name: of a dataset
    run.submitting  attempt                 about to hand the run to the platform
    run.submitted   attempt                 the platform has it
    run.supervised  attempt, process        written by a supervisor: its number
    script.started  attempt, group          written where a supervisor starts the script
    run.detached                            the client left it to continue in the background
    run.resumed     attempt
    state           state, attempt, exit_code, reason, started, ended, interrupted
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from dressage.errors import RecordError, SpecError
from dressage.files.encoding import from_json
from dressage.records.judgements import Judgement, judgement_of
from dressage.records.requests import RunRequest, Submission
from dressage.results.plans import Stage
from dressage.results.statuses import ENDED, RunStatus, RunSummary
from dressage.results.tracking import Tracked
from dressage.results.versions import ComputeHandle, DatasetVersion, EnvironmentVersion, ModelVersion


@dataclass(slots=True)
class Record:
    """How far a run has come.

    request: as the policies judged it last, JSON. judgement: theirs, JSON; None in older records.
    handles: each finished stage's result, JSON. datasets: those of the inputs.
    submitting: the last attempt that was about to be handed over. submitted: the last that its platform has.
    processes: what supervises an attempt, where something does.
    """

    request: Mapping[str, Any] | None = None
    judgement: Mapping[str, Any] | None = None
    created: str | None = None
    handles: dict[Stage, Mapping[str, Any] | None] = field(default_factory=dict)
    datasets: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    attempt: int = 1
    submitting: int = 0
    submitted: int = 0
    processes: dict[int, int] = field(default_factory=dict)
    detached: bool = False
    cancelled: bool = False
    status: RunStatus = field(default_factory=lambda: RunStatus(state="Preparing"))
    tracked: Tracked = field(default_factory=Tracked)

    def apply(self, event: Mapping[str, Any]) -> None:
        """Fold one event in. One that is damaged or written by a later dressage is counted."""
        try:
            self._apply(event)
        except (KeyError, TypeError, ValueError, AttributeError, msgspec.MsgspecError):
            self.tracked.unreadable += 1

    def _apply(self, event: Mapping[str, Any]) -> None:
        match event["event"]:
            case "run.created":
                self.request, self.created = event["request"], event["time"]
                self.judgement = event.get("judgement")
                self.tracked.run_id = event["request"]["run_id"]
            case "run.judged":
                self.request, self.judgement = event["request"], event["judgement"]
            case "stage.finished":
                self._finish_stage(event)
            case "run.submitting":
                self.submitting = max(self.submitting, event["attempt"])
            case "run.submitted" | "run.supervised" as kind:
                self.submitted = max(self.submitted, event["attempt"])
                if kind == "run.supervised":
                    self.processes[event["attempt"]] = event["process"]
            case "run.detached":
                self.detached = True
            case "run.resumed":
                self.attempt, self.detached, self.cancelled = int(event["attempt"]), False, False
                self.status = RunStatus(state="Preparing")
            case "state":
                self._enter(event)
            case _:
                self.tracked.apply(event)

    def _finish_stage(self, event: Mapping[str, Any]) -> None:
        if event["stage"] == "dataset":
            self.datasets[event["name"]] = event["handle"]
        else:
            self.handles[event["stage"]] = event["handle"]

    def _enter(self, event: Mapping[str, Any]) -> None:
        if event.get("attempt", 1) != self.attempt:
            return  # the last words of an attempt that was given up
        state = event["state"]
        self.cancelled = state == "Canceled" or (self.cancelled and state != "Preparing")
        running = event["time"] if state == "Running" else None
        fields = {
            "state": state,
            "exit_code": event.get("exit_code"),
            "reason": event.get("reason"),
            "started": event.get("started") or self.status.started or running,
            "ended": event.get("ended", event["time"]) if state in ENDED else None,
            "interrupted": event.get("interrupted", False),
        }
        self.status = from_json(RunStatus, fields)  # a journal may hold anything

    def is_news(self, seen: RunStatus, attempt: int) -> bool:
        """Whether what was seen of an attempt is not in the record yet, and still matters."""
        known = self.status
        changed = (seen.state, seen.reason) != (known.state, known.reason)
        return attempt == self.attempt and not known.has_ended and changed

    @property
    def is_submitted(self) -> bool:
        """Whether its platform has the attempt."""
        return self.submitted >= self.attempt

    @property
    def may_be_submitted(self) -> bool:
        """Whether its platform may have the attempt: a client may be killed before it can write that it has."""
        return max(self.submitting, self.submitted) >= self.attempt

    @property
    def model(self) -> ModelVersion | None:
        """The model that the run registered."""
        handle = self.handles.get("model")
        return from_json(ModelVersion, handle) if handle else None

    def the_request(self) -> RunRequest:
        """Raises RecordError where the journal holds none, or one that cannot be read."""
        if self.request is None:
            raise RecordError("the run was never started: its client crashed first; run the command again")
        with self._readable():
            return from_json(RunRequest, self.request)

    def the_judgement(self) -> Judgement:
        """What the policies judged. Raises RecordError for one that is damaged."""
        if self.judgement is None:
            return judgement_of(self.the_request())
        with self._readable():
            return from_json(Judgement, self.judgement)

    def the_submission(self) -> Submission | None:
        """What the platform was given last; None if the stages before it are not finished. Raises RecordError."""
        compute, environment = self.handles.get("compute"), self.handles.get("environment")
        if self.request is None or compute is None or environment is None:
            return None
        with self._readable():
            return self._submission(compute, environment)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (msgspec.ValidationError, SpecError) as error:
            raise RecordError(
                f"run {self.tracked.run_id!r}: its record is damaged or was written by a later dressage: {error}"
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
        request = self.request or {}
        model = self.handles.get("model")
        return RunSummary(
            run_id=run_id,
            recipe=request.get("recipe", "?"),
            platform=request.get("platform", "?"),
            experiment=request.get("experiment", "?"),
            name=request.get("name"),
            status=self.status,
            created=self.created,
            model=f"{model['name']}:{model['version']}" if model else None,
            metrics=self.tracked.latest(),
            metric=((request.get("model") or {}).get("primary_metric") or {}).get("name"),
        )
