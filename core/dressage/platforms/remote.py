"""Help for platforms that are asked over a network: how often to ask, and a copy of a log that grows elsewhere."""

import time
from collections.abc import Callable
from pathlib import Path

from dressage.files.locks import FileLock

_SOONEST_S = 0.2
_PIECE = 4 << 20
"""How many bytes of a log are read at a time."""


class Pace:
    """Says when to ask again: often at first, for those who watch a run that is soon over, then at most so often."""

    def __init__(self, most_s: float = 5.0) -> None:
        self._most_s = most_s
        self._begun: dict[str, float] = {}
        self._due: dict[str, float] = {}

    def is_due(self, what: str) -> bool:
        """Whether it is time to ask; then it counts as asked."""
        now = time.monotonic()
        if now < self._due.get(what, now):
            return False
        pause = max(_SOONEST_S, (now - self._begun.setdefault(what, now)) / 10)
        self._due[what] = now + min(self._most_s, pause)
        return True

    def pause_s(self, what: str) -> float:
        """Seconds until it is due."""
        now = time.monotonic()
        return max(0.0, self._due.get(what, now) - now)


class LogMirror:
    """Our copy of a log, the same bytes. fetch: the bytes from an offset on, at most so many."""

    def __init__(self, path: Path, fetch: Callable[[int, int], bytes]) -> None:
        self.path = path
        self._fetch = fetch
        self._whole = path.with_suffix(".whole")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def update(self, *, has_ended: bool) -> None:
        """Add what is new. Only one process does; others see what it wrote. has_ended: nothing comes after this."""
        if self._whole.exists():
            return
        lock = FileLock(self.path.with_suffix(".lock"))
        if not lock.acquire(blocking=has_ended):
            return
        with lock.release_at_end():
            data = self._fetch(self.size, _PIECE)
            with self.path.open("ab") as file:
                file.write(data)
            if has_ended and not data:
                self._whole.touch()

    def read(self, offset: int) -> bytes:
        with self.path.open("rb") as log:
            log.seek(offset)
            return log.read(_PIECE)
