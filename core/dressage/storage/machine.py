"""The memory, CPUs and NVIDIA GPUs of this machine. Importing this module imports only the standard library."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

_DRIVERS = (Path("/proc/driver/nvidia/version"), Path("/dev/nvidia0"), Path("/dev/dxg"))
_GPUS = Path("/proc/driver/nvidia/gpus")


def memory_mib() -> int:
    """Return the machine's memory in MiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20


def count_cpus() -> int:
    """Return the number of the machine's CPUs, as the system counts them."""
    return os.cpu_count() or 1


def has_gpu() -> bool:
    """Return whether this machine has a GPU that scripts can use."""
    return any(path.exists() for path in _DRIVERS)


def detect_gpus() -> Iterator[str]:
    """Yield the UUIDs of this machine's GPUs, in the order of their addresses on the bus."""
    for folder in sorted(_GPUS.glob("*")):
        with suppress(OSError):
            for line in (folder / "information").read_text().splitlines():
                name, _, value = line.partition(":")
                if name.strip() == "GPU UUID":
                    yield value.strip()


def select_gpus(names: Iterable[str], gpus: Sequence[str]) -> list[str]:
    """Return the ids of the named GPUs, each once. names: ids, or numbers in the order of `gpus`.

    Two projects must use the same name for a GPU. Names that are not in `gpus` are kept.
    """
    numbered = {str(number): gpu for number, gpu in enumerate(gpus)}
    wanted = (name.strip() for name in names)
    return list(dict.fromkeys(name if name in gpus else numbered.get(name, name) for name in wanted if name))
