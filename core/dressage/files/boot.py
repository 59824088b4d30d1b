"""The current boot of the machine. What was not brought to the disk may be lost at the next one."""

from functools import cache
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@cache
def read_boot() -> str | None:
    """Return the id of the current boot; None on a system that does not tell it."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return None
