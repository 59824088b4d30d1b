"""Wake a process that waits for descriptors when it receives a signal or a child of it ends."""

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress


def open_wakeup(handlers: Mapping[signal.Signals, Callable[..., None]] | None = None) -> int:
    """Return a descriptor that becomes readable when a child ends and on each signal that has a handler.

    A process has one such descriptor: a new one replaces the one before.
    """
    reading, writing = os.pipe()
    for end in (reading, writing):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(writing)
    for number, handler in {signal.SIGCHLD: _ignore, **(handlers or {})}.items():
        signal.signal(number, handler)
    return reading


def drain(descriptor: int) -> None:
    """Read what has been written, without blocking."""
    with suppress(BlockingIOError):
        os.read(descriptor, 4096)


def _ignore(*_: object) -> None:
    """Do nothing: a signal without a handler does not write to the descriptor."""
