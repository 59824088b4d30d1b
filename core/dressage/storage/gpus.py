"""The NVIDIA GPUs of this machine. Importing this module imports only the standard library."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_DRIVERS = (Path("/proc/driver/nvidia/version"), Path("/dev/nvidia0"), Path("/dev/dxg"))
_GPUS = Path("/proc/driver/nvidia/gpus")


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
