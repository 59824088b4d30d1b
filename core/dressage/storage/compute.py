"""Compute targets of a workspace: a name and a number of slots on this machine."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from msgspec import structs

from dressage.errors import NotFoundError, StageError, describe_unknown
from dressage.files.atomic import write_json
from dressage.files.encoding import from_json, to_json
from dressage.files.locks import FileLock
from dressage.files.regular import read_regular
from dressage.platforms.protocols import Progress
from dressage.results.damage import Damage, damage_of, warn_once
from dressage.results.differences import differences
from dressage.results.plans import Action, StagePlan
from dressage.results.versions import ComputeHandle
from dressage.specs.compute import Accelerator, ComputeTarget
from dressage.storage.machine import count_cpus, detect_gpus, has_gpu, memory_mib


class StoredCompute:
    """Compute targets on this machine, stored below `folder`. gpus: ids of its GPUs; None to detect them."""

    def __init__(self, folder: Path, gpus: Sequence[str] | None = None) -> None:
        self._folder = folder
        self._gpus = gpus

    def resolve(self, target: ComputeTarget) -> ComputeTarget:
        """Return the target without a size, and with the accelerator of this machine, unless it asks for the CPU."""
        found = has_gpu() if self._gpus is None else bool(self._gpus)
        accelerator: Accelerator = "gpu" if found and target.accelerator != "cpu" else "cpu"
        return replace(target, size=None, accelerator=accelerator)

    def plan(self, target: ComputeTarget) -> StagePlan:
        """Plan the target. Raises StageError if a run needs more than this machine has."""
        self._check_fits(target)
        wanted, existing = _handle(self.resolve(target)), self._read(target.name)
        if existing is None:
            line = f"not registered yet: this machine ({wanted.accelerator}), {wanted.slots} run(s) at a time"
            return StagePlan(stage="compute", action="create", name=target.name, reasons=(line,))
        kept = structs.replace(wanted, slots=existing.slots)
        reasons = differences(to_json(existing), to_json(kept))
        if existing.slots != wanted.slots:
            reasons.append(_describe_slots(existing, wanted))
        action: Action = "reuse" if existing == kept else "create"
        return StagePlan(stage="compute", action=action, name=target.name, reasons=tuple(reasons))

    def ensure(self, target: ComputeTarget, _: Progress) -> ComputeHandle:
        """Store the target, if it is new or has changed. An existing target keeps its slots: its runs share them."""
        wanted = _handle(self.resolve(target))
        if (existing := self._read(target.name)) and structs.replace(
            wanted, slots=existing.slots
        ) == existing:
            return existing
        self._folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self._folder / ".lock"):  # of several first runs, one decides
            existing = self._read(target.name)
            handle = structs.replace(wanted, slots=existing.slots) if existing else wanted
            write_json(self._folder / f"{handle.name}.json", to_json(handle), durable=True)
        return handle

    def list(self) -> Sequence[ComputeHandle]:
        """Return all targets, sorted by name."""
        return [handle for name in self._names() if (handle := self._try_read(name))]

    def find_damage(self) -> Iterator[Damage]:
        """Yield the descriptions of targets that cannot be read."""
        for name in self._names():
            yield from damage_of(self._folder / f"{name}.json", lambda: self._read(name))  # noqa: B023 (called at once)

    def delete(self, name: str) -> None:
        """Delete the target; its runs continue. Raises NotFoundError."""
        if self._read(name) is None:
            raise NotFoundError(
                describe_unknown("compute target", name, [handle.name for handle in self.list()])
            )
        (self._folder / f"{name}.json").unlink()

    def queue(self, name: str) -> Path:
        """Return the folder of the target's queue."""
        return self._folder / f"{name}.queue"

    def _check_fits(self, target: ComputeTarget) -> None:
        for what, needed, available in self._needs(target):
            if needed > available:
                raise StageError(
                    "compute",
                    f"compute target {target.name!r}: a run needs {needed} {what}, this machine has {available};"
                    " ask for less, or choose another platform with --on",
                )

    def _needs(self, target: ComputeTarget) -> Iterator[tuple[str, int, int]]:
        """Yield what a run needs: the resource, the amount needed, and the amount available."""
        if target.cpus:
            yield "CPUs", target.cpus, count_cpus()
        if target.memory_mib:
            yield "MiB of memory", target.memory_mib, memory_mib()
        if target.gpus:
            gpus = list(detect_gpus()) if self._gpus is None else self._gpus
            yield "GPUs", target.gpus, len(gpus)

    def _names(self) -> Sequence[str]:
        return sorted(file.stem for file in self._folder.glob("[!.]*.json"))

    def _try_read(self, name: str) -> ComputeHandle | None:
        try:
            return self._read(name)
        except StageError as error:
            warn_once(str(error))
            return None

    def _read(self, name: str) -> ComputeHandle | None:
        path = self._folder / f"{name}.json"
        try:
            return _check_name(from_json(ComputeHandle, json.loads(read_regular(path))), name)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            problem = (
                f"compute target {name!r}: {str(path)!r} is damaged; delete it, then run the command again"
            )
            raise StageError("compute", problem) from error


def _check_name(handle: ComputeHandle, name: str) -> ComputeHandle:
    if handle.name != name:
        raise ValueError(f"it describes {handle.name!r}")
    return handle


def _handle(target: ComputeTarget) -> ComputeHandle:
    return ComputeHandle(name=target.name, slots=target.slots, accelerator=target.accelerator or "cpu")


def _describe_slots(existing: ComputeHandle, wanted: ComputeHandle) -> str:
    return (
        f"slots: target {existing.name!r} has {existing.slots}, requested {wanted.slots}; the target keeps"
        f" {existing.slots}; to change it: dressage compute delete {existing.name}"
    )
