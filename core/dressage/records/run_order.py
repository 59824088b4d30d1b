"""The order in which the runs of a workspace were created. It grows even if the clock is set back."""

import os
import time
from pathlib import Path

CLOCK = "clock"
"""An empty file in the workspace: its modification time is the order of the last run."""


def next_order(root: Path) -> int:
    """Return the order of a new run: the time in ms since 1970, or more if an earlier run had a later one.

    root: the workspace's root. Two runs that are created in the same millisecond may have the same order.
    """
    clock = root / CLOCK
    try:
        last = clock.stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        clock.touch()
        last = 0
    order = max(time.time_ns() // 1_000_000, last + 1)
    try:
        _set_time(clock, order)
    except (
        PermissionError
    ):  # another user of a shared workspace made the file: only its owner may set the time
        own = clock.with_name(f".{CLOCK}.{os.urandom(8).hex()}")
        own.touch()
        _set_time(own, order)
        own.replace(clock)
    return order


def _set_time(clock: Path, order: int) -> None:
    os.utime(clock, ns=(order * 1_000_000, order * 1_000_000))
