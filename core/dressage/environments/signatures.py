"""What tells, for the price of a stat, that an interpreter is the one it was."""

import os
import sys
from pathlib import Path


def signature_of(executable: Path) -> str | None:
    """Changes when the file does; None if it is gone."""
    try:
        status = executable.stat()
    except OSError:
        return None
    return f"{status.st_size}-{status.st_mtime_ns}"


def platform_tag() -> str:
    """The machine and operating system that wheels are chosen for: "linux-x86_64"."""
    return f"{sys.platform}-{os.uname().machine}"
