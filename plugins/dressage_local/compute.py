"""Compute on this machine: a named target is a number of slots, and a queue for the runs beyond them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dressage.errors import NotFoundError, unknown
from dressage.files.atomic import write_json
from dressage.files.encoding import from_json, to_json
from dressage.platforms.protocols import Progress
from dressage.results.differences import differences
from dressage.results.plans import StagePlan
from dressage.results.versions import ComputeHandle
from dressage.specs.descriptions import Accelerator, ComputeTarget

_NVIDIA = (Path("/proc/driver/nvidia/version"), Path("/dev/nvidia0"), Path("/dev/dxg"))


class LocalCompute:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resolve(self, target: ComputeTarget) -> ComputeTarget:
        """This machine has one size, its own, and a GPU or not; who asked for the CPU gets it."""
        accelerator: Accelerator = "cpu" if target.accelerator == "cpu" else present_accelerator()
        return replace(target, size=None, accelerator=accelerator)

    def plan(self, target: ComputeTarget) -> StagePlan:
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
        name=target.name, slots=target.max_nodes, accelerator=target.accelerator or present_accelerator()
    )
