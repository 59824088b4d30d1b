"""Calling into plugins: whatever goes wrong there is one line with the plugin's name, and so is a long silence."""

import errno
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from dressage.errors import DressageError, PluginError, StageError
from dressage.files.disk import describe

T = TypeVar("T")
PATIENCE_S = 10.0
"""How long a call that shows no progress may take before the plugin is named."""


@dataclass(frozen=True, slots=True)
class PluginId:
    """Which plugin is called: its name, and what else an error says about it.

    source: the distribution or file that it comes from. advice: what its user can do when it breaks.
    """

    name: str
    source: str | None = None
    advice: str | None = None

    def __str__(self) -> str:
        return f"{self.name!r} ({self.source})" if self.source else repr(self.name)

    def error(self, where: str, reason: str) -> PluginError:
        """The error that says that the plugin broke. where: a hook, a method or a step."""
        return PluginError(self.name, where, reason, source=self.source, advice=self.advice)


def call_plugin(plugin: PluginId, where: str, call: Callable[[], T], *, watched: bool = True) -> T:
    """Call into a plugin. What it raises becomes a PluginError with its name; our own errors stay as they are.

    A plugin that exits does not end the program. watched: name the plugin if it is silent for long.
    """
    if not watched:
        return _call(plugin, where, call)
    number = _WATCH.begin(f"plugin {plugin} has not returned from {where} for {PATIENCE_S:g} s")
    try:
        return _call(plugin, where, call)
    finally:
        _WATCH.end(number)


def relay(progress: Callable[[str, int, int | None], None]) -> Callable[[str, int, int | None], None]:
    """What a plugin gets as its `Progress`: what our own one raises passes through the plugin."""

    def tell(what: str, done: int, total: int | None) -> None:
        if not (isinstance(what, str) and isinstance(done, int) and isinstance(total, int | None)):
            raise TypeError(
                f"progress({what!r}, {done!r}, {total!r}): give a text, a number, a number or None"
            )
        try:
            progress(what, done, total)
        except Exception as error:
            raise _OwnError(error) from error

    return tell


class _OwnError(BaseException):
    """What our own callback raised, as when the reader of our output is gone: that is not the plugin's fault."""

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
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StageError(where, f"plugin {plugin}: {describe(error)}") from error
        raise plugin.error(where, f"{type(error).__name__}: {error}") from error


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
