"""Call plugins. An error in a plugin becomes one line with its name; a slow call logs a warning."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from dressage.errors import DressageError, PluginError, StageError
from dressage.files.disk import FULL, describe

T = TypeVar("T")
PATIENCE_S = 10.0
"""Seconds after which a call without progress is logged."""


class PluginId(Struct, frozen=True):
    """Identifies a plugin in errors.

    source: the distribution or file that provides it. advice: what the user can do if it breaks.
    """

    name: str
    source: str | None = None
    advice: str | None = None

    def __str__(self) -> str:
        return f"{self.name!r} ({self.source})" if self.source else repr(self.name)

    def error(self, where: str, reason: str) -> PluginError:
        """Return an error of the plugin. where: the hook, method or step that failed. reason: one line."""
        return PluginError(self.name, where, reason, source=self.source, advice=self.advice)


def call_plugin(plugin: PluginId, where: str, call: Callable[[], T], *, watched: bool = True) -> T:
    """Call a plugin and return its answer. where: the hook, method or step that is called.

    Raises PluginError for any exception, `SystemExit` included; errors of dressage are raised unchanged.
    watched: log a warning with the plugin's name if the call takes longer than `PATIENCE_S`.
    """
    if not watched:
        return _call(plugin, where, call)
    number = _WATCH.begin(f"plugin {plugin} has not returned from {where} for {PATIENCE_S:g} s")
    try:
        return _call(plugin, where, call)
    finally:
        _WATCH.end(number)


def relay(progress: Callable[[str, int, int | None], None]) -> Callable[[str, int, int | None], None]:
    """Return the `Progress` that a plugin gets: it checks the arguments; our own errors pass through the plugin."""

    def report(what: str, done: int, total: int | None) -> None:
        if not (isinstance(what, str) and isinstance(done, int) and isinstance(total, int | None)):
            raise TypeError(
                f"progress({what!r}, {done!r}, {total!r}): give text, a number, and a number or None"
            )
        try:
            progress(what, done, total)
        except Exception as error:
            raise _OwnError(error) from error

    return report


class _OwnError(BaseException):
    """An error of our own progress function, not of the plugin; for example, the reader of our output exited."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _call(plugin: PluginId, where: str, call: Callable[[], T]) -> T:
    try:
        return call()
    except (DressageError, KeyboardInterrupt):
        raise
    except _OwnError as own:
        raise own.error from None
    except BaseException as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise StageError(where, f"plugin {plugin}: {describe(error)}") from error
        raise plugin.error(where, f"{type(error).__name__}: {error}") from error


class _Watch:
    """Logs a warning for each call that takes too long, in a thread that runs while calls are watched."""

    def __init__(self) -> None:
        self._calls: dict[int, tuple[float, str]] = {}
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._count = 0

    def begin(self, message: str) -> int:
        with self._guard:
            self._count += 1
            self._calls[self._count] = (time.monotonic() + PATIENCE_S, message)
            if self._thread is None or not self._thread.is_alive():  # a forked process has no threads
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
        """Log the late calls; return the seconds until the next call is late, None if no call is left."""
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
