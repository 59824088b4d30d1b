"""Calls of methods on another machine, which is reached with a command such as `ssh lab-1`.

Each call starts the command once, and with it a program; its text is sent along. `remote_answers` has the program's
side. Nothing but the command is used to reach the machine.
"""

import json
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, TypeVar, cast

from dressage.errors import (
    DressageError,
    NotFoundError,
    SettingsError,
    SpecError,
    StageError,
    UnreachableError,
)
from dressage.files.archives import receive_folder, send_folder
from dressage.files.encoding import from_json, to_json
from dressage.platforms.protocols import Progress
from dressage.platforms.remote_answers import MARK, OTHER_ERROR

T = TypeVar("T")
_ERRORS: Mapping[str, type[DressageError]] = {
    kind.__name__: kind for kind in (NotFoundError, SettingsError, SpecError)
}


class RemoteProgram:
    """A Python program that another machine executes, with the dressage that is installed there.

    reach: a command that executes a shell command, its last argument, there; a text such as "ssh lab-1".
    python: the interpreter there. program: its text; it ends with a call of `answer_request`.
    arguments: what the program gets in sys.argv[1:].
    """

    def __init__(self, reach: str, python: str, program: bytes, arguments: Sequence[str] = ()) -> None:
        self.reach = reach
        start = f"import sys; exec(sys.stdin.buffer.read({len(program)}))"
        self._command = [*shlex.split(reach), shlex.join([python, "-c", start, *arguments])]
        self._program = program

    def call(
        self,
        kind: type[T],
        method: str,
        *arguments: Any,
        files: Path | None = None,
        target: Path | None = None,
        progress: Progress | None = None,
    ) -> T:
        """Call a method of the program, and return its answer. arguments: descriptions, results or plain values.

        kind: the answer's type. files: a folder to send. target: the folder for files that the method sends.
        Raises the error of dressage that the method raised; RuntimeError if it raised another exception;
        UnreachableError if the command fails, or if a part of the answer is missing.
        """
        request = json.dumps([method, to_json(arguments)]).encode() + b"\n"
        with TemporaryFile() as errors, self._start(errors) as process:
            with suppress(BrokenPipeError):  # the program has ended; its answer says why
                _write(cast(IO[bytes], process.stdin), self._program + request, files)
            output = cast(IO[bytes], process.stdout)
            name, value = _read_answer(output, progress)
            if name == "value" and target:
                receive_folder(output, target)
            if process.wait() or not name:
                raise self._unreachable(process.returncode, errors)
        if name != "value":
            raise _error(name, value)
        return from_json(kind, value)

    def _start(self, errors: IO[bytes]) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        try:
            return subprocess.Popen(self._command, stdin=pipe, stdout=pipe, stderr=errors)
        except OSError as error:
            raise UnreachableError("model", f"cannot start {self.reach!r}: {error.strerror}") from error

    def _unreachable(self, code: int, errors: IO[bytes]) -> UnreachableError:
        errors.seek(0)
        lines = errors.read().decode(errors="replace").splitlines()
        reason = next((line for line in reversed(lines) if line.strip()), f"exit code {code}")
        return UnreachableError("model", f"no answer from {self.reach!r}: {reason.strip():.200}")


def _read_answer(stream: IO[bytes], progress: Progress | None) -> tuple[str, Any]:
    """Return the name and the value of the answer; no name if there is none. Passes on progress."""
    for line in stream:
        if line.startswith(MARK) and line.endswith(b"\n"):
            name, value = json.loads(line.removeprefix(MARK))
            if name != "progress":
                return name, value
            if progress:
                progress(*value)
    return "", None


def _error(name: str, message: str) -> Exception:
    if name == OTHER_ERROR:
        return RuntimeError(message)
    if name in _ERRORS:
        return _ERRORS[name](message)
    return (UnreachableError if name == "UnreachableError" else StageError)("model", message)


def _write(stream: IO[bytes], request: bytes, files: Path | None) -> None:
    with stream:
        stream.write(request)
        if files:
            send_folder(files, stream)
