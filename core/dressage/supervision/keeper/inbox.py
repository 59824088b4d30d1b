"""The messages to a keeper, and the clients that wait for a run to leave the queue."""

import json
import os
import resource
import selectors
import socket
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from dressage.supervision.keepers import Handover, address_of
from dressage.supervision.wakeup import drain

_RESERVED_FILES = 48
"""How many open files are left for submissions and starts, however many clients wait."""
_FIRST_MESSAGE_S = 10.0
"""How long a new keeper waits for the message of the process that started it."""


class Message(NamedTuple):
    """runs: to put into the queue. watch: the run that the sender waits for. changed: the queue has changed."""

    runs: tuple[Handover, ...] = ()
    watch: str | None = None
    changed: bool = False

    @classmethod
    def parse(cls, data: bytes | bytearray) -> "Message":
        """Decode a message; an empty one if its sender was killed while it wrote."""
        try:
            found = json.loads(data)
            runs = tuple(Handover(**run) for run in found.get("runs", ()))
            watch = found.get("watch")
            return cls(runs, watch and str(watch), bool(found.get("changed")))
        except (ValueError, TypeError, AttributeError):
            return cls()


class Inbox:
    """Receives messages at a socket at `path`. wakeup: a descriptor that also ends the waiting for messages."""

    def __init__(self, path: Path, wakeup: int) -> None:
        self._path = path
        self._wakeup = wakeup
        self._partial: dict[socket.socket, bytearray] = {}
        self._watchers: dict[str, list[socket.socket]] = {}
        self._file_limit = _raise_file_limit()
        self._selector = selectors.DefaultSelector()
        self._listener = self._listen()
        self._selector.register(wakeup, selectors.EVENT_READ)

    @property
    def is_receiving(self) -> bool:
        """Whether a message has begun to arrive."""
        return bool(self._partial)

    def receive_first(self, connection: socket.socket) -> Message:
        """Read the message of the process that started this one."""
        connection.settimeout(_FIRST_MESSAGE_S)
        data = bytearray()
        with suppress(OSError):
            while piece := connection.recv(1 << 20):
                data += piece
        return Message.parse(data)

    def receive(self) -> Iterator[tuple[socket.socket, Message]]:
        """Wait, and yield the messages that are complete now, each with the connection to answer on."""
        for ready, _ in self._selector.select():
            if ready.fd == self._wakeup:
                drain(self._wakeup)
                self._check_socket()
                continue
            connection: Any = self._accept() if ready.fileobj is self._listener else ready.fileobj
            if connection and self._read(connection):
                yield connection, Message.parse(self._partial.pop(connection))

    def _listen(self) -> socket.socket:
        listener = _listen(self._path)
        self._selector.register(listener, selectors.EVENT_READ)
        return listener

    def _check_socket(self) -> None:
        """Listen again if somebody has deleted the socket."""
        if not self._path.exists():
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = self._listen()

    def _accept(self) -> socket.socket | None:
        with suppress(OSError):
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            self._partial[connection] = bytearray()
            self._selector.register(connection, selectors.EVENT_READ)
            return connection
        return None

    def _read(self, connection: socket.socket) -> bool:
        """Read what has arrived of a message; return whether it is complete."""
        try:
            while piece := connection.recv(1 << 20):
                self._partial[connection] += piece
        except BlockingIOError:
            return False
        except OSError:  # its sender was killed
            pass
        self._selector.unregister(connection)
        return True

    def watch(self, run_id: str, connection: socket.socket) -> None:
        """Keep the connection open until `release` is called for the run.

        If too many clients wait, it is closed: that client has to ask again.
        """
        most = self._file_limit[1]
        if most != resource.RLIM_INFINITY and connection.fileno() >= most - _RESERVED_FILES:
            connection.close()
            return
        self._watchers.setdefault(run_id, []).append(connection)

    def release(self, run_id: str) -> None:
        """Let the clients that wait for the run look at it again."""
        for connection in self._watchers.pop(run_id, ()):
            connection.close()

    def close(self) -> None:
        """Stop listening. A client that has just connected notices, and starts another keeper."""
        self._path.unlink(missing_ok=True)
        self._listener.close()

    def forget(self) -> None:
        """Close the descriptors in a child process, and give it back the limit of open files."""
        resource.setrlimit(resource.RLIMIT_NOFILE, self._file_limit)
        self._selector.close()
        for connection in [self._listener, *self._partial, *chain(*self._watchers.values())]:
            connection.close()
        os.close(self._wakeup)


def _listen(path: Path) -> socket.socket:
    """Listen on a socket at `path` that only this user can connect to."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        with address_of(path) as address:
            listener.bind(address)
    finally:
        os.umask(mask)
    listener.listen(1024)
    return listener


def _raise_file_limit() -> tuple[int, int]:
    """Allow as many open files as the system does: each client that waits takes one. Returns the limits before."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    return before
