"""AmlCompute clusters: reused or created, never modified."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dressage.errors import DressageError, NotFoundError, SpecError, StageError, describe_unknown
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
        """Fill in the size (default: a small common one) and the accelerator that the size has."""
        size = target.size or sizes.DEFAULT[target.accelerator or "cpu"]
        accelerator = "cpu" if target.accelerator == "cpu" else sizes.accelerator_of(size)
        return replace(target, size=size, accelerator=accelerator)

    def plan(self, target: ComputeTarget) -> StagePlan:
        _check_name(target.name)
        wanted = self.resolve(target)
        cluster = self._azure.call("compute", "compute.get", name=target.name)
        if _is_usable(cluster):
            differs = [
                f"its {line}; the existing cluster is not modified" for line in _differences(cluster, wanted)
            ]
            cost = self._cost(cluster["size"] or str(wanted.size), cluster["max_nodes"] or wanted.max_nodes)
            return StagePlan(stage="compute", action="reuse", name=target.name, reasons=(*differs, *cost))
        unreadable = self._check(wanted)
        scale = (
            f"{wanted.size}, {wanted.min_nodes} to {wanted.max_nodes} nodes, idle for {wanted.idle_seconds} s"
        )
        reason = "the cluster of this name is being deleted" if cluster else "no cluster has this name"
        unchecked = ("memory_mib is not checked against the size",) if wanted.memory_mib else ()
        unknown = [f"{what} unknown: no right to read it in the subscription" for what in unreadable]
        reasons = (
            f"{reason}: {scale}",
            *unchecked,
            *unknown,
            *self._cost(str(wanted.size), wanted.max_nodes),
        )
        return StagePlan(stage="compute", action="create", name=target.name, reasons=reasons)

    def ensure(self, target: ComputeTarget, progress: Progress) -> ComputeHandle:
        _check_name(target.name)
        wanted = self.resolve(target)
        if not _is_usable(self._azure.call("compute", "compute.get", name=target.name)):
            self._check(wanted)
        cluster = self._azure.call(
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
        return _handle(cluster)

    def list(self) -> Sequence[ComputeHandle]:
        return [_handle(one) for one in self._azure.call("compute", "compute.list_all")]

    def delete(self, name: str) -> None:
        if not self._azure.call("compute", "compute.delete", name=name):
            raise NotFoundError(describe_unknown("compute target", name, [one.name for one in self.list()]))

    def diagnose_quota(self) -> tuple[str, bool, str]:
        """Check whether the quota allows one node of the default GPU size. Returns a line for `dressage doctor`."""
        size = sizes.DEFAULT["gpu"]
        try:
            unreadable = self._check(ComputeTarget(name="any", size=size))
        except DressageError as error:
            return ("azureml quota", False, str(error))
        if unreadable:
            what = " and ".join(unreadable)
            return ("azureml quota", True, f"{what} unknown: no right to read it in the subscription")
        return ("azureml quota", True, f"{size} is available")

    def _check(self, target: ComputeTarget) -> Sequence[str]:
        """Raise an error for a size that is retired, not offered in the region, too small, or without quota.

        Returns what could not be checked because the user may not read it: "sizes", "quota".
        """
        size = str(target.size)
        sizes.check_offered(size)
        found = self._azure.call("compute", "compute.sizes", size=size, low_priority=target.low_priority)
        if not found["offered"]:
            raise StageError("compute", describe_unknown("size", size, found["known"]))
        _check_needs(target, found["cores"])
        needed, left = (found["cores"] or 1) * max(1, target.min_nodes), found["cores_left"]
        if left is not None and left < needed:
            raise StageError(
                "compute",
                f"compute target {target.name!r}: size {size} needs {needed} cores, and the quota"
                f" {found['quota']!r} has {left} left; choose another size, or ask for quota in the Azure portal",
            )
        unreadable: list[str] = found["unreadable"]
        return unreadable

    def _cost(self, size: str, nodes: int) -> tuple[str, ...]:
        hourly = sizes.find_price(size, self._prices)
        if hourly is None:
            return ()
        source = self._prices.name if self._prices else sizes.PRICES_OF
        return (f"{hourly:.2f} USD per node and hour, at most {hourly * nodes:.2f} USD per hour ({source})",)


def _check_needs(target: ComputeTarget, cores: int | None) -> None:
    """Raise StageError if the size has too few CPUs or no GPU for a run. A run gets a whole node."""
    has_gpu = sizes.accelerator_of(str(target.size)) == "gpu"
    if (cores and (target.cpus or 0) > cores) or (target.gpus and not has_gpu):
        needed = f"{target.gpus} GPU(s)" if target.gpus and not has_gpu else f"{target.cpus} CPUs"
        raise StageError(
            "compute",
            f"compute target {target.name!r}: a run needs {needed}, and size {target.size} has"
            f" {cores or 'unknown'} CPUs and {'a GPU' if has_gpu else 'no GPU'}; choose another size",
        )


def _check_name(name: str) -> None:
    """Raise SpecError for a name that Azure refuses for clusters."""
    if not re.fullmatch(r"[a-zA-Z](?![a-zA-Z0-9-]*-\d+$)[a-zA-Z0-9-]{2,23}", name):
        raise SpecError(
            f"compute target {name!r}: use 3 to 24 letters, digits and '-', starting with a letter and not ending in"
            " '-' and a number"
        )


def _is_usable(cluster: Mapping[str, Any] | None) -> bool:
    return cluster is not None and cluster["state"] != "Deleting"


def _differences(cluster: Mapping[str, Any], wanted: ComputeTarget) -> list[str]:
    """Compare an existing cluster with the description. A value is None while Azure creates the cluster: skip it."""
    expected = {
        "size": str(wanted.size),
        "priority": "lowpriority" if wanted.low_priority else "dedicated",
        "min_nodes": wanted.min_nodes,
        "max_nodes": wanted.max_nodes,
        "idle_seconds": wanted.idle_seconds,
    }
    return [
        f"{name} is {cluster[name]}, not {value}"
        for name, value in expected.items()
        if cluster[name] is not None and str(cluster[name]).lower() != str(value).lower()
    ]


def _handle(cluster: Mapping[str, Any]) -> ComputeHandle:
    return ComputeHandle(
        name=cluster["name"],
        slots=cluster["max_nodes"] or 0,
        accelerator=sizes.accelerator_of(cluster["size"] or ""),
        size=cluster["size"],
    )
