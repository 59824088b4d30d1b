"""Clusters: their states, and the nodes that runs occupy."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.azureml_service.addresses import now, workspace_id
from tests.azureml_service.routing import Refusal

if TYPE_CHECKING:
    from tests.azureml_service.service import Service


@dataclass
class Cluster:
    """A cluster. busy: nodes in use. ready_at, gone_at: when its creation and its deletion finish."""

    name: str
    settings: dict[str, Any]
    tags: dict[str, str]
    ready_at: float
    description: str = ""
    created: str = field(default_factory=now)
    modified: str = field(default_factory=now)
    gone_at: float | None = None
    busy: int = 0

    @property
    def state(self) -> str:
        if self.gone_at is not None:
            return "Deleting"
        return "Creating" if time.monotonic() < self.ready_at else "Succeeded"

    @property
    def scale(self) -> dict[str, Any]:
        scale: dict[str, Any] = self.settings["scaleSettings"]
        return scale


@dataclass
class Operation:
    """A long-running operation. ends_at: when it finishes. error: why it failed."""

    ends_at: float
    error: dict[str, Any] | None = None

    @property
    def status(self) -> str:
        if time.monotonic() < self.ends_at:
            return "InProgress"
        return "Failed" if self.error else "Succeeded"


def clusters(service: Service) -> dict[str, Cluster]:
    """Return the existing clusters by name in lower case."""
    held: dict[str, Cluster] = service.area("computes")
    with service.lock:
        for name in [name for name, each in held.items() if each.gone_at and each.gone_at < time.monotonic()]:
            del held[name]
    return held


def cluster(service: Service, name: str) -> Cluster:
    found = clusters(service).get(name.lower())
    if not found:
        raise Refusal(404, "ResourceNotFound", f"Compute {name} not found in workspace.")
    return found


def to_json(service: Service, each: Cluster) -> dict[str, Any]:
    """Return a cluster as the resource manager shows it."""
    trouble = service.behaviour.troubles.get(each.name)
    failed = trouble in ("Failed", "Canceled")
    properties = {
        "computeType": "Spark" if trouble == "foreign" else "AmlCompute",
        "computeLocation": service.location,
        "description": each.description,
        "createdOn": each.created,
        "modifiedOn": each.modified,
        "provisioningState": trouble if failed else each.state,
        "provisioningErrors": [_error("The subnet is full.")] if trouble == "Failed" else None,
        "resourceId": None,
        "isAttachedCompute": False,
        "properties": None if each.state == "Creating" else _nodes(service, each, trouble),
    }
    return {
        "id": f"{workspace_id(service.config)}/computes/{each.name}",
        "name": each.name,
        "type": "Microsoft.MachineLearningServices/workspaces/computes",
        "location": service.location,
        "tags": each.tags,
        "properties": properties,
    }


def _error(message: str) -> dict[str, Any]:
    return {"error": {"code": "UserError", "message": message, "details": []}}


def _nodes(service: Service, each: Cluster, trouble: str | None) -> dict[str, Any]:
    target = max(each.scale["minNodeCount"], each.busy)
    stuck = each.name in service.behaviour.resizing
    current = 0 if stuck else target
    return {
        "subnet": None,
        "remoteLoginPortPublicAccess": "NotSpecified",
        **deepcopy(each.settings),
        "allocationState": "Resizing" if stuck else "Steady",
        "allocationStateTransitionTime": each.modified,
        "currentNodeCount": current,
        "targetNodeCount": max(target, 1) if stuck else target,
        "nodeStateCounts": {
            "preparingNodeCount": 0,
            "runningNodeCount": min(current, each.busy),
            "idleNodeCount": max(current - each.busy, 0),
            "unusableNodeCount": 0,
            "leavingNodeCount": 0,
            "preemptedNodeCount": 0,
        },
        "errors": [_error("A node could not be set up.")] if trouble == "hurt" else None,
    }


@contextmanager
def node(service: Service, name: str, abandoned: threading.Event) -> Iterator[bool]:
    """Wait for a free node and occupy it. Yields False if `abandoned` is set or the cluster is deleted first."""
    held = cluster(service, name)
    taken = False
    while not taken and not abandoned.is_set() and held.state != "Deleting":
        with service.lock:
            free = held.state == "Succeeded" and held.busy < held.scale["maxNodeCount"]
            taken = free and held.name not in service.behaviour.resizing
            held.busy += taken
        if not taken:
            abandoned.wait(0.05)
    try:
        yield taken
    finally:
        with service.lock:
            held.busy -= taken
