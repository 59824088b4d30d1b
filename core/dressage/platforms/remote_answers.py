"""What a program does that `RemoteProgram` starts on another machine: it answers one request.

A request is a line of JSON, [method, arguments], which files may follow. The answer is lines of JSON, each after a
mark: ["progress", arguments], then ["value", value] or [name of an error, message]. Files may follow it.
"""

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_type_hints

from dressage.errors import DressageError
from dressage.files.archives import receive_folder, send_folder
from dressage.files.encoding import from_json, to_json
from dressage.platforms.protocols import Progress

MARK = b"\x01"
"""The first byte of our lines: a login shell may print other lines."""
OTHER_ERROR = "Exception"
"""The name that is sent for exceptions that are not dressage's."""


def answer_request(create: Callable[[], Any], folder: Path) -> None:
    """Read a request from stdin, call the method of that name, and send what it returns to stdout.

    create: returns an object with the methods. The types of their parameters say how arguments are read. A parameter
    of type Path gets a folder with the files of the request; it is removed when the method has returned. A parameter
    of type Progress gets a function. If a method returns a Path, that folder is sent and removed.
    folder: for files that arrive; it is created when they do.
    """
    name, given = json.loads(sys.stdin.buffer.readline())
    try:
        answer = _call(getattr(create(), name), given, folder)
        _say("value", None if isinstance(answer, Path) else answer)
    except DressageError as error:
        _say(type(error).__name__, str(error))
    except Exception as error:  # the other side must get an answer
        _say(OTHER_ERROR, f"{type(error).__name__}: {error}")
    else:
        if isinstance(answer, Path):
            send_folder(answer, sys.stdout.buffer)
            shutil.rmtree(answer)


def _call(method: Callable[..., Any], given: Sequence[Any], folder: Path) -> Any:
    left, hints = iter(given), get_type_hints(method)
    arguments: list[Any] = []
    with ExitStack() as folders:
        for name, hint in hints.items():
            if name == "return":
                continue
            if hint is Path:
                folder.mkdir(parents=True, exist_ok=True)
                arguments.append(Path(folders.enter_context(TemporaryDirectory(dir=folder))))
                receive_folder(sys.stdin.buffer, arguments[-1])
            elif hint == Progress:
                arguments.append(lambda *what: _say("progress", what))
            else:
                arguments.append(from_json(hint, next(left)))
        return method(*arguments)


def _say(name: str, value: Any) -> None:
    sys.stdout.buffer.write(MARK + json.dumps([name, to_json(value)]).encode() + b"\n")
    sys.stdout.buffer.flush()
