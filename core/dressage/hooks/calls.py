"""Calling into plugins: whatever goes wrong there is one line with the plugin's name, and so is a long silence."""

import errno
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from dressage.errors import DressageError, PluginError, StageError
from dressage.files.disk import describe

T = TypeVar("T")
PATIENCE_S = 10.0
"""How long a call that shows no progress may take before the plugin is named."""


def call_plugin(plugin: str, where: str, call: Callable[[], T], *, watched: bool = True) -> T:
    """Call into a plugin. What it raises becomes a PluginError with its name; our own errors stay as they are.

    A plugin that exits does not end the program. watched: name the plugin if it is silent for long.
    """
    if not watched:
        return _named(plugin, where, call)
    number = _WATCH.begin(f"plugin {plugin!r} has not returned from {where} for {PATIENCE_S:.0f} s")
    try:
        return _named(plugin, where, call)
    finally:
        _WATCH.end(number)


def _named(plugin: str, where: str, call: Callable[[], T]) -> T:
    try:
        return call()
    except (
        DressageError,
        BrokenPipeError,
    ):  # whoever reads our output has enough: that is not the plugin's fault
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StageError(where, f"plugin {plugin!r}: {describe(error)}") from error
        reason = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
        raise PluginError(plugin, where, reason) from error


class _Watch:
    """Logs a warning for each call that takes long. Its thread lives while one may."""

    def __init__(self) -> None:
        self._calls: dict[int, tuple[float, str]] = {}
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._count = 0

    def begin(self, message: str) -> int:
        with self._guard:
            self._count += 1
            self._calls[self._count] = (time.monotonic() + PATIENCE_S, message)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
            return self._count

    def end(self, number: int) -> None:
        with self._guard:
            self._calls.pop(number, None)

    def _run(self) -> None:
        left: float | None = PATIENCE_S
        while left is not None:
            time.sleep(left)
            left = self._warn()

    def _warn(self) -> float | None:
        """Tell of the calls that are late; seconds until the next one may be."""
        import logging

        now = time.monotonic()
        with self._guard:
            late = [number for number, (deadline, _) in self._calls.items() if deadline <= now]
            messages = [self._calls.pop(number)[1] for number in late]
            upcoming = [deadline for deadline, _ in self._calls.values()]
            if not upcoming:
                self._thread = None
        for message in messages:
            logging.getLogger("dressage").warning("%s", message)
        return min(upcoming) - now if upcoming else None


_WATCH = _Watch()
