"""The identity of a process: its id alone is used again, and means another process in another container.

A process is the same one if the boot of the machine, the namespace of process ids, the id and the start time match.
"""

import json
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple, Self

from dressage.files.boot import read_boot

_START_FIELD = 19
"""Position of the start time in /proc/PID/stat, counted after the program's name."""
_STATE_FIELD = 0


class Identity(NamedTuple):
    """process: the id. place: the boot and the namespace in which the id is valid. start: when it was started."""

    process: int
    place: str
    start: str

    @classmethod
    def of(cls, process: int) -> Self:
        """Identify a process of this namespace. Raises ProcessLookupError if it does not exist."""
        return cls(process, this_place(), _read_start(process))

    @classmethod
    def parse(cls, text: str | bytes) -> Self | None:
        """Return the identity that `str` wrote; None if the text is something else."""
        try:
            process, place, start = json.loads(text)
            return cls(int(process), str(place), str(start))
        except (ValueError, TypeError):
            return None

    def __str__(self) -> str:
        return json.dumps(tuple(self))

    @property
    def is_here(self) -> bool:
        """Whether the id means this process in our namespace: the process lives, and we may send it signals."""
        if self.place != this_place():
            return False
        with suppress(ProcessLookupError):
            return _read_start(self.process) == self.start
        return False

    @property
    def is_stopped(self) -> bool:
        """Whether the process is here and was stopped, for example with SIGSTOP."""
        with suppress(OSError):
            return self.is_here and _read_fields(self.process)[_STATE_FIELD] in "Tt"
        return False


@cache
def this_place() -> str:
    """Return the boot of this machine and the namespaces that process ids and paths are valid in."""
    with suppress(OSError):
        links = [Path("/proc/self/ns", name).readlink() for name in ("pid", "mnt")]
        if boot := read_boot():
            return " ".join([boot, *map(str, links)])
    import socket

    return f"{sys.platform} {socket.gethostname()}"  # a system without /proc


def _read_start(process: int) -> str:
    try:
        return _read_fields(process)[_START_FIELD]
    except FileNotFoundError as error:
        if not Path("/proc/self/stat").exists():
            return _ask_start(process)
        raise ProcessLookupError(process) from error


def _read_fields(process: int) -> list[str]:
    """Return the fields of /proc/PID/stat that follow the program's name, which may contain spaces."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def _ask_start(process: int) -> str:
    """Return the start time on a system without /proc."""
    import subprocess

    command = ["ps", "-o", "lstart=", "-p", str(process)]
    start = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    if not start:
        raise ProcessLookupError(process)
    return start
