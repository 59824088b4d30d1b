"""When to give up: a connection that is too slow, too many failures in a row, a file that takes too long."""

import random
import threading
import time

from dressage.specs.downloads import DownloadLimits
from dressage.storage.download.failures import RefusedError, StoppedError, TransientError

_ATTEMPTS = 4
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
_LONGEST_WAIT_S = 30.0
"""How long we wait at most if the server asks us to."""


class Deadline:
    """When the download of one file must stop. stop: set when the caller stops all downloads."""

    def __init__(self, limits: DownloadLimits, stop: threading.Event) -> None:
        self._limits = limits
        self._stop = stop
        timeout_s = limits.timeout_seconds
        self._end = float("inf") if timeout_s is None else time.monotonic() + timeout_s

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._end

    @property
    def read_timeout_s(self) -> float:
        """How long a connection may be silent now."""
        return max(0.01, min(self._limits.stall_seconds, self._end - time.monotonic()))

    def check(self) -> None:
        """Raise StoppedError or RefusedError if the download must stop."""
        if self._stop.is_set():
            raise StoppedError
        if self.is_over:
            limit = f"timeout_seconds = {self._limits.timeout_seconds:g}"
            raise RefusedError(f"not complete in time ({limit} in [downloads])")

    def sleep(self, seconds: float) -> None:
        """Wait, at most until the download must stop. Raises as `check`."""
        self._stop.wait(min(seconds, max(0, self._end - time.monotonic())))
        self.check()


class Pace:
    """The speed of one connection."""

    def __init__(self, limits: DownloadLimits) -> None:
        self._limits = limits
        self._since, self._received = time.monotonic(), 0

    def add(self, count: int) -> None:
        """Count bytes that have arrived. Raises TransientError if too few arrived in the last `stall_seconds`."""
        self._received += count
        now = time.monotonic()
        if (elapsed := now - self._since) < self._limits.stall_seconds:
            return
        if self._received < self._limits.min_bytes_per_second * elapsed:
            limit = f"min_bytes_per_second = {self._limits.min_bytes_per_second:g}"
            raise TransientError(
                f"too slow: {self._received} bytes in {elapsed:.3g} s ({limit} in [downloads])"
            )
        self._since, self._received = now, 0


class Streak:
    """Failures in a row. One that follows enough new bytes, for the time they took, begins a new row."""

    def __init__(self, limits: DownloadLimits) -> None:
        self._limits = limits
        self._failures = 0
        self._since, self._received = time.monotonic(), 0

    def add(self, count: int) -> None:
        """Count bytes that will not be requested again."""
        self._received += count

    def fail(self) -> None:
        now = time.monotonic()
        has_progress = self._received > self._limits.min_bytes_per_second * (now - self._since)
        self._failures = 1 if has_progress else self._failures + 1
        self._since, self._received = now, 0

    @property
    def is_over(self) -> bool:
        return self._failures >= _ATTEMPTS

    def pause_s(self, wait_s: float) -> float:
        """Return how long to wait: longer each time, with jitter; or as long as the server asks, up to a limit."""
        usual: float = min(_FIRST_PAUSE_S * 2.0 ** (self._failures - 1), _LONGEST_PAUSE_S)
        return min(max(usual + random.uniform(0, usual), wait_s), _LONGEST_WAIT_S)  # noqa: S311 (jitter)
