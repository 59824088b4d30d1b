"""Runs and their states, and experiments."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.azureml_service.addresses import now, workspace_id
from tests.azureml_service.routing import Refusal

if TYPE_CHECKING:
    from tests.azureml_service.service import Service

ENDED = ("Completed", "Failed", "Canceled")


@dataclass
class Experiment:
    """An experiment. archived: when it was archived."""

    name: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    description: str | None = None
    created: str = field(default_factory=now)
    archived: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "experimentId": self.id,
            "name": self.name,
            "description": self.description,
            "createdUtc": self.created,
            "archivedTime": self.archived,
            "tags": self.tags,
        }


@dataclass
class Run:
    """A run.

    sent: fields that the client or the service wrote. canceled: set to cancel the run.
    metrics: (name, value, step, milliseconds since 1970) in the order of logging. tables: metrics that are not
    numbers, as they were sent. logs: names of log files. history: states with their times.
    """

    id: str
    experiment: Experiment
    number: int
    status: str = "NotStarted"
    sent: dict[str, Any] = field(default_factory=dict)
    created: str = field(default_factory=now)
    started: str | None = None
    ended: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    warnings: list[dict[str, str]] = field(default_factory=list)
    metrics: list[tuple[str, float, int, int]] = field(default_factory=list)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    logs: list[str] = field(default_factory=list)
    history: list[tuple[str, str]] = field(default_factory=list)
    canceled: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.history.append((self.status, self.created))

    def enter(self, status: str, error: dict[str, Any] | None = None) -> None:
        """Change the state. A final state does not change any more."""
        if self.status in ENDED or status == self.status:
            return
        if status == "Running" and not self.started:
            self.started = now()
        if status in ENDED:
            self.ended, self.error = now(), error
        self.status = status
        self.history.append((status, now()))

    def describe(self, tags: dict[str, str] | None, properties: dict[str, str] | None) -> None:
        """Add tags and properties. A property cannot change once it is set."""
        self.tags.update({key: value for key, value in (tags or {}).items() if value is not None})
        for key, value in (properties or {}).items():
            if self.properties.get(key, value) != value:
                raise Refusal(400, "UserError", f"Property {key} of run {self.id} is immutable.")
            if value is not None:
                self.properties[key] = value


def runs(service: Service) -> dict[str, Run]:
    """Return all runs, oldest first."""
    held: dict[str, Run] = service.area("runs")
    return held


def run(service: Service, run_id: str) -> Run:
    found = runs(service).get(run_id)
    if not found:
        raise Refusal(404, "UserError", f"Run {run_id} was not found.")
    return found


def experiment(service: Service, name: str, *, make: bool = False) -> Experiment:
    """Return an experiment by name. make: create it if it does not exist."""
    held: dict[str, Experiment] = service.area("experiments")
    with service.lock:
        if name not in held and not make:
            raise Refusal(404, "UserError", f"There is no experiment {name}.")
        return held.setdefault(name, Experiment(name))


def experiment_by_id(service: Service, number: str) -> Experiment:
    held: dict[str, Experiment] = service.area("experiments")
    for each in held.values():
        if number in (each.id, each.name):
            return each
    raise Refusal(404, "UserError", f"There is no experiment {number}.")


def ensure_run(service: Service, name: str, run_id: str) -> Run:
    """Return the run with an id, created if it does not exist."""
    with service.lock:
        held = runs(service)
        if run_id not in held:
            held[run_id] = Run(run_id, experiment(service, name, make=True), len(held) + 1)
        return held[run_id]


def to_json(service: Service, each: Run) -> dict[str, Any]:
    """Return a run in run history's format."""
    execution = f"{service.address}/execution/v1.0{workspace_id(service.config)}"
    return {
        "runNumber": each.number,
        "rootRunId": each.sent.get("parentRunId") or each.id,
        "runUuid": str(uuid.uuid5(uuid.NAMESPACE_OID, each.id)),
        "experimentId": each.experiment.id,
        "createdUtc": each.created,
        "runId": each.id,
        "dataContainerId": f"dcid.{each.id}",
        "cancelUri": f"{execution}/experiments/{each.experiment.name}/runs/{each.id}/cancel",
        "createdBy": {
            "userObjectId": "loopback-user",
            "userTenantId": "loopback",
            "userName": "Loopback User",
        },
        **each.sent,
        "status": each.status,
        "startTimeUtc": each.started,
        "endTimeUtc": each.ended,
        "tags": each.tags,
        "properties": each.properties,
        "error": each.error,
        "warnings": each.warnings,
    }


def failure(code: str, message: str) -> dict[str, Any]:
    """Return an error in run history's format."""
    return {
        "error": {"code": code, "message": message, "messageParameters": {}, "details": []},
        "correlation": {"operation": None, "request": None},
        "environment": "loopback",
        "location": "westeurope",
        "time": now(),
        "componentName": "execution-worker",
    }
