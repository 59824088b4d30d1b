"""A cheap check whether an interpreter has changed: its size and modification time."""

import os
import sys
from pathlib import Path


def signature_of(executable: Path) -> str | None:
    """Return a text that changes when the file changes; None if the file does not exist."""
    try:
        status = executable.stat()
    except OSError:
        return None
    return f"{status.st_size}-{status.st_mtime_ns}"


def platform_tag() -> str:
    """Return the operating system and machine that wheels are chosen for: "linux-x86_64"."""
    return f"{sys.platform}-{os.uname().machine}"
