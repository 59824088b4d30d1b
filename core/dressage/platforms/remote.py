"""Helpers for remote platforms: how often to poll, and a local copy of a remote log."""

import time
from collections.abc import Callable
from pathlib import Path

from dressage.files.locks import FileLock

_SHORTEST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 15.0
_QUIET_AFTER_S = 60.0
"""How long a run may be quiet before it is asked less often."""
_CHUNK = 4 << 20
"""Bytes of a log that are read at once."""


class Pace:
    """Decides when to poll again: often at first, for short runs, then with pauses that grow.

    While a run writes output or changes its state, pauses are at most `most_s` seconds. While it is quiet for longer
    than a minute, they grow to 15 s. clock: returns the time in seconds.
    """

    def __init__(self, most_s: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._most_s = most_s
        self._clock = clock
        self._begun: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._changed = clock()

    def note_change(self) -> None:
        """Poll often again: there was output, or the state changed."""
        self._changed = self._clock()

    def is_due(self, what: str) -> bool:
        """Return whether it is time to poll. If it is, the next pause begins. what: a name, such as "logs"."""
        now = self._clock()
        if now < self._due.get(what, now):
            return False
        lively = min(self._most_s, max(_SHORTEST_PAUSE_S, (now - self._begun.setdefault(what, now)) / 10))
        quiet = lively * (now - self._changed) / _QUIET_AFTER_S
        self._due[what] = now + max(lively, min(quiet, _LONGEST_PAUSE_S))
        return True

    def pause_s(self, what: str) -> float:
        """Return the seconds until `is_due` is true."""
        now = self._clock()
        return max(0.0, self._due.get(what, now) - now)


class LogMirror:
    """A local copy of a remote log, byte for byte.

    path: the file of the copy. fetch: takes an offset and a number of bytes; returns at most so many
        bytes of the remote log.
    """

    def __init__(self, path: Path, fetch: Callable[[int, int], bytes]) -> None:
        self.path = path
        self._fetch = fetch
        self._whole = path.with_suffix(".whole")

    @property
    def size(self) -> int:
        """The size of the copy in bytes."""
        return self.path.stat().st_size if self.path.exists() else 0

    def update(self, *, has_ended: bool) -> None:
        """Fetch new bytes and append them to the copy. If another process is doing that, do nothing.

        has_ended: the run has ended, so the log does not grow; then wait for the other process.
        """
        if self._whole.exists():
            return
        lock = FileLock(self.path.with_suffix(".lock"))
        if not lock.acquire(blocking=has_ended):
            return
        with lock.release_at_end():
            data = self._fetch(self.size, _CHUNK)
            with self.path.open("ab") as file:
                file.write(data)
            if has_ended and not data:
                self._whole.touch()

    def read(self, offset: int) -> bytes:
        """Return bytes of the copy from an offset on; b"" at its end."""
        with self.path.open("rb") as log:
            log.seek(offset)
            return log.read(_CHUNK)
