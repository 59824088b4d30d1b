"""AmlCompute clusters: got or created, never changed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dressage.errors import DressageError, NotFoundError, SpecError, StageError, unknown
from dressage.platforms.protocols import Progress
from dressage.results.plans import StagePlan
from dressage.results.versions import ComputeHandle
from dressage.specs.compute import ComputeTarget
from dressage_azureml import sizes
from dressage_azureml.azure import Azure


class AzureCompute:
    def __init__(self, azure: Azure, directory: Path) -> None:
        self._azure = azure
        self._prices = directory / azure.options.prices if azure.options.prices else None

    def resolve(self, target: ComputeTarget) -> ComputeTarget:
        """Without a size: the smallest usual one. The accelerator is what the size has."""
        size = target.size or sizes.DEFAULT[target.accelerator or "cpu"]
        accelerator = "cpu" if target.accelerator == "cpu" else sizes.accelerator_of(size)
        return replace(target, size=size, accelerator=accelerator)

    def plan(self, target: ComputeTarget) -> StagePlan:
        _check_name(target.name)
        wanted = self.resolve(target)
        there = self._azure.call("compute", "compute.get", name=target.name)
        if _stays(there):
            differs = [
                f"its {line}; the existing cluster is not modified" for line in _differences(there, wanted)
            ]
            cost = self._cost(there["size"] or str(wanted.size), there["max_nodes"] or wanted.max_nodes)
            return StagePlan(stage="compute", action="reuse", name=target.name, reasons=(*differs, *cost))
        self._check(wanted)
        scale = (
            f"{wanted.size}, {wanted.min_nodes} to {wanted.max_nodes} nodes, idle for {wanted.idle_seconds} s"
        )
        reason = "the one of this name is being deleted" if there else "no cluster has this name"
        unchecked = ("memory_mib is not compared with the size",) if wanted.memory_mib else ()
        reasons = (f"{reason}: {scale}", *unchecked, *self._cost(str(wanted.size), wanted.max_nodes))
        return StagePlan(stage="compute", action="create", name=target.name, reasons=reasons)

    def ensure(self, target: ComputeTarget, progress: Progress) -> ComputeHandle:
        _check_name(target.name)
        wanted = self.resolve(target)
        if not _stays(self._azure.call("compute", "compute.get", name=target.name)):
            self._check(wanted)
        made = self._azure.call(
            "compute",
            "compute.ensure",
            progress,
            name=wanted.name,
            size=wanted.size,
            min_nodes=wanted.min_nodes,
            max_nodes=wanted.max_nodes,
            idle_seconds=wanted.idle_seconds,
            low_priority=wanted.low_priority,
            tags=dict(wanted.tags),
            timeout_s=self._azure.options.compute_timeout_s,
        )
        return _handle(made)

    def list(self) -> Sequence[ComputeHandle]:
        return [_handle(one) for one in self._azure.call("compute", "compute.all_of")]

    def delete(self, name: str) -> None:
        if not self._azure.call("compute", "compute.delete", name=name):
            raise NotFoundError(unknown("compute target", name, [one.name for one in self.list()]))

    def diagnose_quota(self) -> tuple[str, bool, str]:
        """Whether the region has a node of the usual GPU size for this subscription."""
        size = sizes.DEFAULT["gpu"]
        try:
            self._check(ComputeTarget(name="any", size=size))
        except DressageError as error:
            return ("azureml quota", False, str(error))
        return ("azureml quota", True, f"{size} can be had")

    def _check(self, target: ComputeTarget) -> None:
        """Raises before anything is created: a retired size, one that the region lacks, one without quota."""
        size = str(target.size)
        sizes.check_offered(size)
        found = self._azure.call("compute", "compute.sizes", size=size, low_priority=target.low_priority)
        if not found["offered"]:
            raise StageError("compute", unknown("size", size, found["known"]))
        _check_needs(target, found["cores"])
        needed, left = (found["cores"] or 1) * max(1, target.min_nodes), found["cores_left"]
        if left is not None and left < needed:
            raise StageError(
                "compute",
                f"compute target {target.name!r}: size {size} needs {needed} cores, and the quota"
                f" {found['quota']!r} has {left} left; choose another size, or ask for quota in the Azure portal",
            )

    def _cost(self, size: str, nodes: int) -> tuple[str, ...]:
        hourly = sizes.price(size, self._prices)
        if hourly is None:
            return ()
        source = self._prices.name if self._prices else sizes.PRICES_OF
        return (f"{hourly:.2f} USD an hour and node, at most {hourly * nodes:.2f} an hour ({source})",)


def _check_needs(target: ComputeTarget, cores: int | None) -> None:
    """A run gets a whole node: what it needs is compared with what is known of the size. Raises StageError."""
    has_gpu = sizes.accelerator_of(str(target.size)) == "gpu"
    if (cores and (target.cpus or 0) > cores) or (target.gpus and not has_gpu):
        needed = f"{target.gpus} GPU(s)" if target.gpus and not has_gpu else f"{target.cpus} CPUs"
        raise StageError(
            "compute",
            f"compute target {target.name!r}: a run needs {needed}, and size {target.size} has"
            f" {cores or 'unknown'} CPUs and {'a GPU' if has_gpu else 'no GPU'}; choose another size",
        )


def _check_name(name: str) -> None:
    """Azure's rule for the names of clusters. Raises SpecError."""
    if not re.fullmatch(r"[a-zA-Z](?![a-zA-Z0-9-]*-\d+$)[a-zA-Z0-9-]{2,23}", name):
        raise SpecError(
            f"compute target {name!r}: Azure takes 3 to 24 letters, digits and '-', beginning with a letter and not"
            " ending in '-' and a number; choose another name"
        )


def _stays(there: Mapping[str, Any] | None) -> bool:
    return there is not None and there["state"] != "Deleting"


def _differences(there: Mapping[str, Any], wanted: ComputeTarget) -> list[str]:
    """None stands for what is not known while the cluster is made."""
    asked = {
        "size": str(wanted.size),
        "priority": "lowpriority" if wanted.low_priority else "dedicated",
        "min_nodes": wanted.min_nodes,
        "max_nodes": wanted.max_nodes,
        "idle_seconds": wanted.idle_seconds,
    }
    return [
        f"{name} is {there[name]}, not {value}"
        for name, value in asked.items()
        if there[name] is not None and str(there[name]).lower() != str(value).lower()
    ]


def _handle(shown: Mapping[str, Any]) -> ComputeHandle:
    return ComputeHandle(
        name=shown["name"],
        slots=shown["max_nodes"] or 0,
        accelerator=sizes.accelerator_of(shown["size"] or ""),
        size=shown["size"],
    )
