"""The record of a run, built from the events in its journal.

These events, in addition to those in `dressage.results.tracking`, are written by `RunFolder`:
    run.created     request, judgement      the request, and what the policies made of it
    run.judged      request, judgement      the policies judged the run again, before another attempt
    stage.started   stage, name
    stage.finished  stage, handle, name     the stage's result; name: of a dataset
    run.submitting  attempt                 the next step submits the attempt to the platform
    run.submitted   attempt                 the platform has the attempt
    run.supervised  attempt, process        written by a supervisor; process: its process id
    script.started  attempt, group          written by a supervisor; group: the script's process group
    run.detached                            the client detached: the run continues in the background
    run.resumed     attempt, retry          retry: it follows an interruption by itself
    files.left_out  attempt, items          items: {"path", "problem"}: what the script left and the run does not keep
    environment.lost  attempt               the attempt got the variables of another shell
    state           state, attempt, exit_code, reason, started, ended, interrupted, after
                    after: how many changes the writer knew; if there were others, it is out of date
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
from dressage.records.texts import Texts
from dressage.results.plans import Stage
from dressage.results.statuses import ENDED, RunStatus, RunSummary
from dressage.results.tracking import Tracked
from dressage.results.versions import ComputeHandle, DatasetVersion, EnvironmentVersion, ModelVersion


@dataclass(slots=True)
class Record:
    """The state of a run.

    request: a RunRequest as JSON, as the policies last changed it. judgement: a Judgement as JSON, if recorded.
    handles: the result of each finished stage, as JSON. datasets: the inputs by name.
    submitting: the last attempt whose submission began. submitted: the last attempt that the platform has.
    processes: the process ids of supervisors, by attempt.
    lost_environment: the current attempt got the variables of another shell. changes: how often the state changed.
    texts: the long texts that `request` and `judgement` refer to; None if nobody asks for these.
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
    lost_environment: bool = False
    changes: int = 0
    canceled: bool = False
    status: RunStatus = field(default_factory=lambda: RunStatus(state="Preparing"))
    tracked: Tracked = field(default_factory=Tracked)
    texts: Texts | None = None

    def apply(self, event: Mapping[str, Any]) -> None:
        """Apply one event. Events that are damaged or written by a later version of dressage are counted."""
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
                self.attempt, self.canceled = int(event["attempt"]), False
                if event.get("retry"):  # the platform starts it itself: it needs no client to submit it
                    self.submitted = max(self.submitted, self.attempt)
                self.lost_environment = False
                self.tracked.left_out = {}
                self.changes += 1
                self.detached = self.detached and event.get("retry", False)
                self.status = RunStatus(state="Preparing")
            case "state":
                self._enter(event)
            case _:
                self._apply_other(event)

    def _apply_other(self, event: Mapping[str, Any]) -> None:
        """Apply an event that does not change the state of the run."""
        match event["event"]:
            case "environment.lost":
                self.lost_environment = event["attempt"] == self.attempt
            case "files.left_out":
                self.tracked.left_out = {item["path"]: str(item["problem"]) for item in event["items"]}
            case _:
                self.tracked.apply(event)

    def _finish_stage(self, event: Mapping[str, Any]) -> None:
        if event["stage"] == "dataset":
            self.datasets[event["name"]] = event["handle"]
        else:
            self.handles[event["stage"]] = event["handle"]

    def _enter(self, event: Mapping[str, Any]) -> None:
        if event.get("attempt", 1) != self.attempt or event.get("after", self.changes) != self.changes:
            return  # a late event of an attempt that was replaced, or out of date when it was written
        self.changes += 1
        state = event["state"]
        self.canceled = state == "Canceled" or (self.canceled and state != "Preparing")
        running = event["time"] if state == "Running" else None
        fields = {
            "state": state,
            "exit_code": event.get("exit_code"),
            "reason": event.get("reason"),
            "started": event.get("started") or self.status.started or running,
            "ended": event.get("ended", event["time"]) if state in ENDED else None,
            "interrupted": event.get("interrupted", False),
        }
        self.status = from_json(RunStatus, fields)  # checks the types: a journal may contain anything

    def is_new(self, seen: RunStatus, attempt: int) -> bool:
        """Return whether a status must be recorded: it differs, and the attempt is current and has not ended.

        seen: the status that the platform reported.
        """
        known = self.status
        changed = (seen.state, seen.reason) != (known.state, known.reason)
        return attempt == self.attempt and not known.has_ended and changed

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
        """The model that the run registered."""
        handle = self.handles.get("model")
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
