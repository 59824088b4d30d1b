"""Compute targets as names in a workspace: each is a number of slots on one machine."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dressage.errors import NotFoundError, StageError, unknown
from dressage.files.atomic import write_json
from dressage.files.encoding import from_json, to_json
from dressage.platforms.protocols import Progress
from dressage.results.differences import differences
from dressage.results.plans import StagePlan
from dressage.results.versions import ComputeHandle
from dressage.specs.compute import Accelerator, ComputeTarget

_NVIDIA = (Path("/proc/driver/nvidia/version"), Path("/dev/nvidia0"), Path("/dev/dxg"))


class StoredCompute:
    """Targets on this machine, kept below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resolve(self, target: ComputeTarget) -> ComputeTarget:
        """This machine has one size, its own, and a GPU or not; a run that asks for the CPU gets it."""
        accelerator: Accelerator = "cpu" if target.accelerator == "cpu" else present_accelerator()
        return replace(target, size=None, accelerator=accelerator)

    def plan(self, target: ComputeTarget) -> StagePlan:
        """Raises StageError for a run that needs more than this machine has."""
        _check_fits(target)
        wanted, there = _handle(self.resolve(target)), self._read(target.name)
        if there == wanted:
            return StagePlan(stage="compute", action="reuse", name=target.name)
        reasons = [
            f"this machine ({wanted.accelerator}) takes {wanted.slots} run(s) at a time under this name"
        ]
        if there:
            reasons = differences(to_json(there), to_json(wanted))
        return StagePlan(stage="compute", action="create", name=target.name, reasons=tuple(reasons))

    def ensure(self, target: ComputeTarget, _: Progress) -> ComputeHandle:
        handle = _handle(self.resolve(target))
        if self._read(target.name) != handle:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_json(self._folder / f"{handle.name}.json", to_json(handle))
        return handle

    def list(self) -> Sequence[ComputeHandle]:
        found = (self._read(file.stem) for file in sorted(self._folder.glob("*.json")))
        return [handle for handle in found if handle]

    def delete(self, name: str) -> None:
        """Forget the name; runs under it go on. Raises NotFoundError."""
        if self._read(name) is None:
            raise NotFoundError(unknown("compute target", name, [handle.name for handle in self.list()]))
        (self._folder / f"{name}.json").unlink()

    def queue(self, name: str) -> Path:
        """The folder of the target's queue."""
        return self._folder / f"{name}.queue"

    def _read(self, name: str) -> ComputeHandle | None:
        try:
            return from_json(ComputeHandle, json.loads((self._folder / f"{name}.json").read_text()))
        except FileNotFoundError:
            return None


def present_accelerator() -> Accelerator:
    return "gpu" if any(path.exists() for path in _NVIDIA) else "cpu"


def _handle(target: ComputeTarget) -> ComputeHandle:
    return ComputeHandle(
        name=target.name, slots=target.slots, accelerator=target.accelerator or present_accelerator()
    )


def _check_fits(target: ComputeTarget) -> None:
    for what, needed, there in _needs(target):
        if needed > there:
            raise StageError(
                "compute",
                f"compute target {target.name!r}: a run needs {needed} {what}, this machine has {there};"
                " ask for less, or choose another platform with --on",
            )


def _needs(target: ComputeTarget) -> Iterator[tuple[str, int, int]]:
    """What a run needs, and what there is of it."""
    if target.cpus:
        yield "CPUs", target.cpus, os.cpu_count() or 1
    if target.memory_mib:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        yield "MiB of memory", target.memory_mib, memory >> 20
    if target.gpus:
        yield "GPUs", target.gpus, len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
