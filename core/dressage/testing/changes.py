"""What this process changes on the disk, starts or connects to, as seen through Python's audit events (PEP 578).

Audit events come before the change. They show what Python code does, not what a library in C or a subprocess does.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FILES = frozenset(
    f"os.{name}"
    for name in ("chmod", "chown", "link", "mkdir", "remove", "rename", "rmdir", "symlink", "truncate")
)
_STARTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system"})
_OUTSIDE = frozenset({"socket.connect", "sqlite3.connect"})
_IGNORED = ("/dev/", "/proc/")

_listeners: list[Callable[[str], None]] = []
_hooked: list[bool] = []


@contextmanager
def watch_changes(listener: Callable[[str], None]) -> Iterator[None]:
    """Call the listener before each change that this process makes inside the block. It gets one line that says what.

    An audit hook cannot be removed, so there is one for the process.
    """
    if not _hooked:
        sys.addaudithook(_hear)
        _hooked.append(True)
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _listeners and (change := _describe(event, arguments)):
        for listener in tuple(_listeners):
            listener(change)


def _describe(event: str, arguments: tuple[Any, ...]) -> str | None:
    """Return what an audit event changes; None if it changes nothing."""
    if event == "open":
        path, mode, flags = arguments
        return f"open {_text(path)}" if _is_write(path, mode, flags) else None
    if event in _FILES:
        path = _text(arguments[0])
        return f"{event} {path}" if _counts(path) else None
    if event in _STARTS:
        return f"{event} {_text(arguments[0]) if arguments else ''}".strip()
    return f"{event} {arguments[-1]}" if event in _OUTSIDE else None


def _is_write(path: Any, mode: str | None, flags: int) -> bool:
    if not isinstance(path, str | bytes | os.PathLike) or not _counts(_text(path)):
        return False
    return bool(set(mode or "") & set("wax+")) or bool(flags & _WRITES)


def _counts(path: str) -> bool:
    """Return whether a change of the path counts: Python's own compiled files and devices do not."""
    return not path.startswith(_IGNORED) and "__pycache__" not in path


def _text(path: Any) -> str:
    return os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else str(path)
