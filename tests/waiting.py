"""Wait for other processes."""

import time
from collections.abc import Callable


def eventually(condition: Callable[[], bool], limit_s: float = 60) -> None:
    """Return once the condition holds; fail if it does not within the limit."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit_s} s"
        time.sleep(0.02)
