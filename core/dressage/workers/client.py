"""The client's side of a worker: the first call starts it, and it ends with the client process."""

import itertools
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dressage.errors import DressageError
from dressage.files.permissions import lenient_umask
from dressage.workers.environment import PYTHONS, interpreter
from dressage.workers.messages import Call, Reply, decode_reply, encode

_SERVE = Path(__file__).with_name("serve.py")
_ENDED = Reply(0)
_Replies = queue.SimpleQueue[Reply]


class WorkerError(DressageError):
    """A handler failed. kind: the exception's `kind` attribute, else the name of its type."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Worker:
    """A process that answers calls; usable from several threads, one process per object.

    lock, pythons: describe its environment. source, module: the folder and module of its HANDLERS.
    environ: environment variables in addition to ours. log: the file for what it and its libraries print.
    """

    def __init__(
        self,
        name: str,
        *,
        lock: Path,
        source: Path,
        module: str,
        log: Path,
        pythons: Sequence[str] = PYTHONS,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._lock_file, self._pythons = lock, pythons
        self._source, self._module = source, module
        self._environ = dict(environ or {})
        self._numbers = itertools.count(1)
        self._waiting: dict[int, tuple[subprocess.Popen[bytes], _Replies]] = {}
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def call(
        self, method: str, progress: Callable[[str, int, int | None], None] | None = None, **arguments: Any
    ) -> Any:
        """Call a handler and return its result. Raises WorkerError if it failed, or if the worker process ended."""
        number = next(self._numbers)
        replies: _Replies = queue.SimpleQueue()
        self._send(replies, Call(number, method, arguments))
        try:
            while True:
                reply = replies.get()
                if reply is _ENDED:
                    raise WorkerError("died", self._describe_end(method))
                if reply.error:
                    raise WorkerError(*reply.error)
                if reply.result is not None:
                    return reply.result[0]
                if progress and reply.progress:
                    progress(*reply.progress)
        finally:
            self._waiting.pop(number, None)

    def close(self) -> None:
        """End the process; the next call starts another."""
        with self._guard:
            process, self._process = self._process, None
        if process and process.stdin:
            process.stdin.close()
            process.wait()

    def _send(self, replies: _Replies, call: Call) -> None:
        with self._guard:
            if self._process is None or self._process.poll() is not None:
                self._process = self._start()
            self._waiting[call.id] = (self._process, replies)
            try:
                assert self._process.stdin  # noqa: S101 - it was opened as a pipe
                self._process.stdin.write(encode(call))
                self._process.stdin.flush()
            except BrokenPipeError:
                replies.put(_ENDED)

    def _start(self) -> "subprocess.Popen[bytes]":
        python = interpreter(self.name, self._lock_file, self._pythons)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:  # appends: another client's worker may write to it too
            process = subprocess.Popen(
                [str(python), "-I", str(_SERVE), str(self._source), self._module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **self._environ},
                umask=lenient_umask(),
                start_new_session=True,  # Ctrl-C must not reach it; it ends with this process
            )
        threading.Thread(target=self._listen, args=(process,), daemon=True).start()
        return process

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        for line in process.stdout or ():
            try:
                reply = decode_reply(line)
            except (ValueError, TypeError):
                break  # it was killed while writing a line
            if waiting := self._waiting.get(reply.id):
                waiting[1].put(reply)
        process.kill()
        process.wait()
        with self._guard:
            for called, replies in list(self._waiting.values()):
                if called is process:
                    replies.put(_ENDED)

    def _describe_end(self, method: str) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        last = f": {lines[-1]}" if lines else ""
        return f"worker {self.name!r} exited during {method}{last} (see {str(self.log)!r}); run the command again"
