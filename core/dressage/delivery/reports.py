"""What the delivery says about an observer: lines in `observers.log`, and its standing for `plugins list`."""

from pathlib import Path

from dressage.delivery.cursors import read_standing, write_standing
from dressage.records.journal import now

LOG = "observers.log"


class Reports:
    """root: the workspace's root."""

    def __init__(self, root: Path, observer: str) -> None:
        self._root = root
        self._observer = observer
        self._standing = read_standing(root, observer)

    def log(self, message: str) -> None:
        """Write a line to the log."""
        line = f"{now()} observer {self._observer!r}: {' '.join(message.split())}\n"
        with (self._root / LOG).open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(line)

    def block(self, reason: str) -> None:
        """Say that events wait, and why; once for each reason."""
        if self._standing.error != reason:
            self.log(f"events wait: {reason}")
            self._standing.error, self._standing.since = reason, self._standing.since or now()
            self._save()

    def unblock(self) -> None:
        """Say that events are delivered again, if they were not."""
        if self._standing.error is not None:
            self.log("events are delivered again")
            self._standing.error = self._standing.since = None
            self._save()

    def give_up(self, message: str) -> None:
        """Say that an event is not delivered."""
        self.log(message)
        self._standing.given_up += 1
        self._standing.last_given_up = message
        self._save()

    def _save(self) -> None:
        write_standing(self._root, self._observer, self._standing)
