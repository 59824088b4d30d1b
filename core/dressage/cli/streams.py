"""The three standard streams, whatever state they were handed over in."""

import io
import os
import sys


def prepare() -> None:
    """Have all three, also where the shell closed one; what stdout's encoding lacks is written as `?`."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)  # takes the number of the one that is missing
            os.set_inheritable(nowhere, True)
            setattr(sys, name, open(nowhere, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115, PTH123
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
