"""The process of one observer: loads it, and calls its hooks.

    python -c ... DIRECTORY WORKSPACE NAME

DIRECTORY is where the search for settings files starts. What the observer prints goes to `observers.log`, because the
courier gives that file as stderr; the messages go through the original stdin and stdout.
"""

import os
import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import msgspec

from dressage.delivery.messages import Call, Hello, Reply, decode, encode
from dressage.delivery.notices import KINDS
from dressage.errors import DressageError, SettingsError, UnreachableError
from dressage.hooks.observers import MIRROR, Observer, is_active, load_observer
from dressage.hooks.plugins import Plugins
from dressage.records.workspace import Workspace
from dressage.specs.configuration import Configuration, load


def main() -> None:
    calls, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)  # by line: this process may be killed
    directory, root, name = sys.argv[1:4]
    try:
        configuration = load(Path(directory), os.environ)
        plugins = Plugins(configuration.plugins)
        if plugins.is_disabled("observer", name):
            replies.write(encode(Hello(is_off=True)))
            return
        observer = load_observer(plugins, configuration, name)
        replies.write(encode(_greet(observer, configuration)))
    except DressageError as error:
        replies.write(encode(Hello(error=str(error))))
        return
    answer = _answerer(observer, configuration, Workspace(Path(root)), replies)
    waiting: queue.SimpleQueue[Call] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(calls, waiting), daemon=True).start()
    while True:
        replies.write(encode(answer(waiting.get())))


def _read(calls: IO[bytes], waiting: "queue.SimpleQueue[Call]") -> None:
    """Read calls. The process ends with the one that started it, even in the middle of a call."""
    for line in calls:
        waiting.put(decode(Call, line))
    os._exit(0)


def _greet(observer: Observer, configuration: Configuration) -> Hello:
    missing = tuple(name for name in observer.secrets if name not in os.environ)
    is_off = not is_active(observer, configuration)
    return Hello(hooks=tuple(sorted(observer.hooks)), missing=missing, is_off=is_off)


def _answerer(
    observer: Observer, configuration: Configuration, workspace: Workspace, replies: IO[bytes]
) -> Callable[[Call], Reply]:
    """Return a function that carries out a call."""

    def progress(*_: Any) -> None:
        replies.write(encode(Reply(is_progress=True)))

    def arguments_of(call: Call) -> dict[str, Any]:
        if call.hook != MIRROR:
            return {"event": msgspec.convert(call.notice, KINDS[call.hook]), "workspace": workspace}
        return {
            "address": str(configuration.option(MIRROR).value),
            "run_id": call.run_id,
            "entries": call.entries,
            "files": None,
            "progress": progress,
            "workspace": workspace,
        }

    def answer(call: Call) -> Reply:
        try:
            notes = observer.call(call.hook, arguments_of(call))
        except UnreachableError as error:
            return Reply(error=str(error), is_unreachable=True, retry_after_s=error.retry_after_s)
        except KeyboardInterrupt:
            return Reply(error="interrupted", is_unreachable=True)
        except DressageError as error:
            is_kept = call.hook == MIRROR or isinstance(error, SettingsError)
            return Reply(error=str(error), is_unreachable=is_kept)
        return Reply(notes=tuple(map(str, notes)) if call.hook == MIRROR and notes else ())

    return answer
