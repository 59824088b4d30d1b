"""A process that writes a script's output to its log, up to a limit. It outlives the script's supervisor.

Without a limit there is none: then the script writes to the log itself. The process ends when no process holds the
script's output any more. Of what exceeds the limit, the last lines are kept: they say why a script failed.
"""

import os
import select
import signal
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

_END_BYTES = 16 << 10
"""How much of the end of the output is kept."""
_PIECE_BYTES = 64 << 10
_LAST_WORDS_S = 5.0
"""How long to wait for the rest after the script's end: a process that it left behind may hold its output."""


class LogWriter:
    """The process. descriptor: what the script writes to. limit: of the log's size, in bytes."""

    def __init__(self, log: Path, limit: int) -> None:
        reading, self.descriptor = os.pipe()
        self._ended, ending = os.pipe()  # the second end is closed when the process ends
        asked, self._asking = os.pipe()  # the second end is closed when the end of the output is needed
        child = os.fork()
        if not child:
            _be_writer(reading, ending, asked, log, limit)
        self._process = child
        os.close(reading)
        os.close(ending)
        os.close(asked)

    def begin(self) -> None:
        """Give up our end of the output. Called when the script is started."""
        os.close(self.descriptor)

    def wait(self) -> None:
        """Wait until all is written. Called when the script has ended."""
        has_ended, *_ = select.select([self._ended], [], [], _LAST_WORDS_S)
        os.close(self._asking)
        if not has_ended:  # a process holds the output: the script's last lines are written now
            select.select([self._ended], [], [], _LAST_WORDS_S)
        os.close(self._ended)
        with suppress(ChildProcessError):
            os.waitpid(self._process, os.WNOHANG)


class LimitedLog:
    """Writes to the log at a descriptor, up to a size. Then it keeps the end, and counts what is left out."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self._descriptor = descriptor
        self._limit = limit
        self._left = max(0, limit - os.fstat(descriptor).st_size)
        self._end = b""
        self._dropped = 0
        self._is_full = False

    def add(self, data: bytes) -> None:
        """Write what fits, and keep the rest as the possible end."""
        fits, rest = data[: self._left], data[self._left :]
        self._write(fits)
        self._left -= len(fits)
        if not rest:
            return
        if not self._is_full:
            self._is_full = True
            self._write(f"\n[the log has reached its limit of {_format(self._limit)}]\n".encode())
        self._end += rest
        if (excess := len(self._end) - _END_BYTES) > 0:
            self._dropped += excess
            self._end = self._end[excess:]

    def write_end(self) -> None:
        """Write how much is left out, and the end. Called again when there is more."""
        if self._end:
            self._write(f"[{self._dropped:,} bytes of output are left out here]\n".encode() + self._end)
            self._end, self._dropped = b"", 0

    def _write(self, data: bytes) -> None:
        with suppress(OSError):  # the disk is full: the script must not wait for it
            while data:
                data = data[os.write(self._descriptor, data) :]


def _be_writer(reading: int, ending: int, asked: int, log: Path, limit: int) -> NoReturn:
    """Write until no process holds the other end of the pipe."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        written = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        for place, descriptor in enumerate((os.dup(reading), os.dup(ending), os.dup(written), os.dup(asked))):
            os.dup2(descriptor, place)
        os.closerange(4, os.sysconf("SC_OPEN_MAX"))  # locks, above all: they are not ours
        limited = LimitedLog(2, limit)
        awaited = [0, 3]
        while True:
            ready, *_ = select.select(awaited, [], [])
            if 0 in ready:
                if not (data := os.read(0, _PIECE_BYTES)):
                    break
                limited.add(data)
            if 3 in ready:  # the script has ended, and all that it wrote is read
                awaited.remove(3)
                limited.write_end()
                with suppress(OSError):  # the supervisor was killed
                    os.write(1, b".")
        limited.write_end()
    finally:
        os._exit(0)


def _format(size: int) -> str:
    return f"{size / 1_000_000:g} MB"
