"""The process of one observer, as a courier sees it: it is started when needed, and killed if it does not answer."""

import os
import selectors
import subprocess
import sys
import time
from pathlib import Path

from dressage.delivery.messages import Call, Hello, Reply, decode, encode
from dressage.delivery.registration import Origin
from dressage.files.permissions import umask_of_user
from dressage.files.python import arguments_of_module
from dressage.hooks.observers import MIRROR

LIMIT_S = 60.0
"""How long a call may take."""
_MIRROR_LIMIT_S = 1800.0
"""How long a mirror may take without reporting progress: it copies files."""


class ReceiverError(Exception):
    """The process ended or did not answer. The message is one line."""


class Receiver:
    """Calls one observer.

    origin: where it is found. root: of the workspace. log: the file for what it prints. limit_s: for each call.
    """

    def __init__(self, name: str, origin: Origin, root: Path, log: Path, limit_s: float = LIMIT_S) -> None:
        self.name = name
        self._limit_s = limit_s
        self._origin = origin
        self._root = root
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._hello = Hello()
        self._received = b""

    def greet(self) -> Hello:
        """Start the process if it is not running, and return what it found. Raises ReceiverError."""
        if self._process is None:
            self._received = b""
            self._process = self._start()
            self._hello = decode(Hello, self._read_line("loading", LIMIT_S))
        return self._hello

    def call(self, call: Call) -> Reply:
        """Call a hook and return the reply. Raises ReceiverError."""
        self.greet()
        self._send(call)
        limit_s = _MIRROR_LIMIT_S if call.hook == MIRROR else self._limit_s
        while True:
            reply = decode(Reply, self._read_line(call.hook, limit_s))
            if not reply.is_progress:
                return reply

    def close(self) -> None:
        """End the process; the next call starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream:
                    stream.close()
            self._process = None

    def kill(self) -> None:
        """Kill the process; for another thread than the one that calls the observer."""
        if (process := self._process) is not None:
            process.kill()

    def _start(self) -> "subprocess.Popen[bytes]":
        python, path = self._origin.python, self._origin.path
        if not Path(python).exists():  # an environment that was removed since
            python, path = sys.executable, tuple(filter(None, sys.path))
        directory = Path(self._origin.directory)
        arguments = arguments_of_module("dressage.delivery.serve", path)
        command = [python, *arguments, str(directory), str(self._root), self.name]
        try:
            with self._log.open("ab") as log:
                return subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd=directory if directory.is_dir() else self._root,
                    bufsize=0,
                    umask=umask_of_user(),
                )
        except OSError as error:
            raise ReceiverError(f"cannot start {python!r}: {error.strerror}") from error

    def _send(self, call: Call) -> None:
        assert self._process  # noqa: S101 (greet has started it)
        assert self._process.stdin  # noqa: S101
        data = memoryview(encode(call))
        try:
            while data:
                data = data[self._process.stdin.write(data) or 0 :]
        except BrokenPipeError as error:
            self.close()
            raise ReceiverError("its process ended") from error

    def _read_line(self, doing: str, limit_s: float) -> bytes:
        """Return the next line from the process. Raises ReceiverError, after killing the process."""
        assert self._process  # noqa: S101
        assert self._process.stdout  # noqa: S101
        deadline = time.monotonic() + limit_s
        descriptor = self._process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while b"\n" not in self._received:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    self.close()
                    raise ReceiverError(f"it has not returned from {doing} within {limit_s:g} s")
                data = os.read(descriptor, 1 << 16)
                if not data:
                    self.close()
                    raise ReceiverError(f"its process ended during {doing}")
                self._received += data
        line, _, self._received = self._received.partition(b"\n")
        return line
