"""What runs claim of this machine: GPUs, memory and CPUs. All workspaces and users of the machine share the claims.

A claim is a locked file in a folder of the machine. The run's supervisor and its script inherit the lock, so the
claim ends with the last of them, even by SIGKILL.
"""

import fcntl
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from dressage.files.locks import FileLock, is_locked
from dressage.storage.machine import count_cpus, detect_gpus, memory_mib, select_gpus

_FOLDERS = (Path("/run/lock"), Path("/var/tmp"), Path("/tmp"))  # noqa: S108 (shared on purpose)


class Needs(NamedTuple):
    """What a run needs of the machine. None: it does not say. gpus: how many."""

    gpus: int | None = None
    memory_mib: int | None = None
    cpus: int | None = None


class Claims(NamedTuple):
    """What a run has claimed. locks: held while the run is alive. variables: for its script."""

    locks: tuple[FileLock, ...]
    variables: dict[str, str]

    def release(self) -> None:
        """Close our descriptors; processes that inherited them keep the claim."""
        for lock in self.locks:
            lock.release()


class Refusal(NamedTuple):
    """Why a claim is not possible now. paths: the locks of the claims in the way."""

    reason: str
    paths: tuple[Path, ...]


class Machine:
    """The resources of this machine.

    folder: for claims; None for the machine's own. gpus: the ids of the GPUs that runs may use; None to detect them.
    """

    def __init__(self, folder: Path | None = None, gpus: Sequence[str] | None = None) -> None:
        self._folder = folder.resolve() if folder else _find_folder()
        self._gpus = gpus

    def claim(self, needs: Needs, shell: Mapping[str, str]) -> Claims | Refusal:
        """Claim what a run needs. shell: its environment variables; CUDA_VISIBLE_DEVICES restricts its GPUs."""
        if needs == Needs():
            return Claims((), {})
        try:
            return self._claim(needs, shell)
        except OSError as error:
            where = f"cannot claim the machine's resources in {str(self._folder)!r}: {error.strerror}"
            return Refusal(f"{where}; set claims in [platforms.local] to a folder that you may write to", ())

    def _claim(self, needs: Needs, shell: Mapping[str, str]) -> Claims | Refusal:
        self._create()
        with _hold(self._folder / ".lock").release_at_end():
            found = self._claim_amounts(needs)
            if isinstance(found, Refusal) or needs.gpus is None:
                return found
            gpus = self._claim_gpus(needs.gpus, shell)
            if isinstance(gpus, Refusal):
                for lock in found.locks:
                    lock.path.unlink(missing_ok=True)
                found.release()
                return gpus
            return Claims((*found.locks, *gpus.locks), gpus.variables)

    def _create(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        # Not through a link: another user could have made it, and it could lead anywhere.
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            with suppress(PermissionError):  # another user created it
                os.fchmod(descriptor, 0o1777)
        finally:
            os.close(descriptor)

    def _claim_amounts(self, needs: Needs) -> Claims | Refusal:
        locks: list[FileLock] = []
        for what, unit, needed, available in _amounts(needs):
            others = [
                path for path in self._folder.glob(f"{what}-*.claim") if is_locked(path) or _remove(path)
            ]
            taken = sum(int(path.name.split("-")[1]) for path in others)
            if taken + needed > available:
                for lock in locks:
                    lock.path.unlink(missing_ok=True)
                    lock.release()
                return Refusal(
                    f"needs {needed} {unit}; other runs have claimed {taken} of {available}", tuple(others)
                )
            locks.append(_hold(self._folder / f"{what}-{needed}-{os.urandom(16).hex()}.claim"))
        return Claims(tuple(locks), {})

    def _claim_gpus(self, count: int, shell: Mapping[str, str]) -> Claims | Refusal:
        visible = self.visible_gpus(shell)
        if count > len(visible):
            return Refusal(f"needs {count} GPUs, but only {len(visible)} are visible to it", ())
        places = {gpu: self._folder / f"gpu-{gpu}.claim" for gpu in visible}
        free = [gpu for gpu, place in places.items() if not is_locked(place)][:count]
        if len(free) < count:
            busy = tuple(place for place in places.values() if is_locked(place))
            return Refusal(f"needs {count} of {len(visible)} GPUs; {len(free)} are free", busy)
        locks = tuple(_hold(places[gpu]) for gpu in free)
        return Claims(locks, {"CUDA_VISIBLE_DEVICES": ",".join(free)})

    def visible_gpus(self, shell: Mapping[str, str]) -> list[str]:
        """Return the ids of the GPUs that a run with these variables may use, in their order."""
        gpus = list(self._gpus) if self._gpus is not None else list(detect_gpus())
        named = shell.get("CUDA_VISIBLE_DEVICES")
        if named is None:
            return gpus
        return [gpu for gpu in select_gpus(named.split(","), gpus) if gpu in gpus]


def _amounts(needs: Needs) -> Iterator[tuple[str, str, int, int]]:
    """Yield what is claimed by amount: its name, its unit, the amount needed, and what the machine has."""
    if needs.memory_mib:
        yield "memory", "MiB of memory", needs.memory_mib, memory_mib()
    if needs.cpus:
        yield "cpus", "CPUs", needs.cpus, count_cpus()


def _hold(path: Path) -> FileLock:
    """Create and lock a claim's file. Nobody else may hold it: the caller holds the folder's lock."""
    descriptor = _open(path)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return FileLock.from_descriptor(path, descriptor)


def _open(path: Path) -> int:
    """Open a file of a shared folder, where the system refuses to create what another user has created."""
    flags = os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        with suppress(FileNotFoundError):
            return os.open(path, os.O_RDONLY | flags)
        with suppress(FileExistsError):
            descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | flags, 0o644)
            os.fchmod(descriptor, 0o644)  # whatever our umask is
            return descriptor


def _remove(path: Path) -> bool:
    """Remove the file of a claim that has ended. Returns False."""
    with suppress(OSError):  # another user's
        path.unlink(missing_ok=True)
    return False


def _find_folder() -> Path:
    """Return the folder of claims: below the first folder that everybody may write to."""
    for folder in _FOLDERS:
        with suppress(OSError):
            if folder.stat().st_mode & (stat.S_ISVTX | stat.S_IWOTH) == stat.S_ISVTX | stat.S_IWOTH:
                return folder / "dressage"
    return _FOLDERS[-1] / "dressage"
