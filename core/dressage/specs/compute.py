"""Describe where a run executes and what it needs there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from dressage.errors import SpecError
from dressage.specs.names import check_name

Accelerator = Literal["gpu", "cpu"]

_LONGEST_S = 1_000_000_000
"""The longest time limit, about 30 years: the clocks of the system count no further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeTarget:
    """Where a run executes, and what one run needs there.

    name: the name of the target; letters, digits, '-', '_', '.'.
    size: the platform's name for a machine (Azure: a VM size); ignored by platforms without sizes.
    min_nodes, max_nodes: the smallest and largest number of nodes of a cluster.
    idle_seconds: how long an idle node is kept.
    low_priority: use cheaper machines that the platform may take away at any time.
    slots: how many runs the target executes at a time; at least 1.
    accelerator: "gpu" or "cpu"; with None, the platform chooses.
    cpus, memory_mib, gpus: what one run needs; None for no requirement.
    time_limit_s: how long the script of one attempt may run, in seconds; None for no limit.
    tags: tags of the target, on platforms that have them.
    """

    name: str
    size: str | None = None
    min_nodes: int = 0
    max_nodes: int = 1
    idle_seconds: int = 1800
    low_priority: bool = False
    slots: int = 1
    accelerator: Accelerator | None = None
    cpus: int | None = None
    memory_mib: int | None = None
    gpus: int | None = None
    time_limit_s: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name("compute target", self.name)
        if not 0 <= self.min_nodes <= self.max_nodes or self.max_nodes < 1:
            raise SpecError(
                f"compute target {self.name!r}: min_nodes {self.min_nodes} and max_nodes {self.max_nodes}"
                " must satisfy 0 <= min_nodes <= max_nodes and max_nodes >= 1"
            )
        for name, least in (("slots", 1), ("cpus", 1), ("memory_mib", 1), ("gpus", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise SpecError(f"compute target {self.name!r}: {name} is {value}; give at least {least}")
        if self.time_limit_s is not None and not 0 < self.time_limit_s <= _LONGEST_S:
            raise SpecError(
                f"compute target {self.name!r}: time_limit_s is {self.time_limit_s}; give a number of seconds above 0"
                f" and up to {_LONGEST_S}"
            )
