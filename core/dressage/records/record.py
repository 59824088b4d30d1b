"""The record of a run, folded from its journal.

Events, beside those in `dressage.results.tracking`:
    run.created     job                     what was asked for
    stage.started   stage
    stage.finished  stage, handle           the stage's result
    run.submitting  attempt, request        about to hand the run to the platform
    run.submitted   attempt
    run.detached                            the client left it to itself on purpose
    run.resumed     attempt
    state           state, exit_code, reason, attempt
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dressage.files.encoding import from_json
from dressage.records.jobs import Job
from dressage.records.journal import Journal
from dressage.records.requests import RunRequest
from dressage.results.plans import Stage
from dressage.results.statuses import ENDED, RunStatus, RunSummary
from dressage.results.tracking import Tracked
from dressage.results.versions import ModelVersion


@dataclass(slots=True)
class Record:
    """How far a run has come. request: as submitted, JSON. handles: each finished stage's result, JSON."""

    job: Mapping[str, Any] | None = None
    created: str | None = None
    handles: dict[Stage, Mapping[str, Any] | None] = field(default_factory=dict)
    request: Mapping[str, Any] | None = None
    attempt: int = 1
    submitted: int = 0
    detached: bool = False
    cancelled: bool = False
    status: RunStatus = field(default_factory=lambda: RunStatus(state="Preparing"))
    tracked: Tracked = field(default_factory=Tracked)

    def apply(self, event: Mapping[str, Any]) -> None:
        """Fold one event in. One that is damaged or written by a later dressage is counted."""
        try:
            self._apply(event)
        except (KeyError, TypeError, ValueError, AttributeError):
            self.tracked.unreadable += 1

    def _apply(self, event: Mapping[str, Any]) -> None:
        match event["event"]:
            case "run.created":
                self.job, self.created = event["job"], event["time"]
                self.tracked.run_id = event["job"]["run_id"]
            case "stage.finished":
                self.handles[event["stage"]] = event["handle"]
            case "run.submitting":
                self.request = event["request"]
            case "run.submitted" | "supervisor.started":  # the client may die before it can say so
                self.submitted = max(self.submitted, event["attempt"])
            case "run.detached":
                self.detached = True
            case "run.resumed":
                self.attempt, self.detached, self.cancelled = event["attempt"], False, False
                self.status = RunStatus(state="Preparing")
            case "state":
                self._enter(event)
            case _:
                self.tracked.apply(event)

    def _enter(self, event: Mapping[str, Any]) -> None:
        if event.get("attempt", 1) != self.attempt:
            return  # the last words of an attempt that was given up
        state = event["state"]
        self.cancelled = state == "Canceled" or (self.cancelled and state != "Preparing")
        self.status = RunStatus(
            state=state,
            exit_code=event.get("exit_code"),
            reason=event.get("reason"),
            started=event["time"] if state == "Running" else self.status.started,
            ended=event["time"] if state in ENDED else None,
            interrupted=event.get("interrupted", False),
        )

    @property
    def is_submitted(self) -> bool:
        """Whether its platform has the attempt."""
        return self.submitted >= self.attempt

    @property
    def model(self) -> ModelVersion | None:
        """The model that the run registered."""
        handle = self.handles.get("model")
        return from_json(ModelVersion, handle) if handle else None

    def the_job(self) -> Job:
        """Raises KeyError where the journal holds none: the client died before its first event was whole."""
        if self.job is None:
            raise KeyError("run.created")
        return from_json(Job, self.job)

    def the_request(self) -> RunRequest | None:
        return from_json(RunRequest, self.request) if self.request else None

    def summary(self, run_id: str) -> RunSummary:
        job = self.job or {}
        model = self.handles.get("model")
        return RunSummary(
            run_id=run_id,
            recipe=job.get("recipe", "?"),
            platform=job.get("platform", "?"),
            experiment=job.get("experiment", "?"),
            name=job.get("name"),
            status=self.status,
            created=self.created,
            model=f"{model['name']}:{model['version']}" if model else None,
            metrics=self.tracked.latest(),
            metric=job.get("model", {}).get("metric"),
        )


class Reader:
    """Reads a journal as it grows; each `refresh` costs what is new."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.record = Record()
        self._offset = 0
        self._lock = threading.Lock()  # two threads at once would fold the same events in twice

    def refresh(self) -> Record:
        with self._lock:
            for offset, event in self.journal.numbered(self._offset):
                self.record.apply(event)
                self._offset = offset
        return self.record


def journal_of(folder: Path) -> Journal:
    """The journal in a run's folder."""
    return Journal(folder / "journal.jsonl")


def read_record(folder: Path) -> Record:
    """The record of the run in `folder`."""
    return Reader(journal_of(folder)).refresh()
