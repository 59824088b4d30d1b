"""Hand runs over to the keeper of a queue: find the living one, or start one.

A keeper holds the environment variables of waiting runs in its memory, secrets included, and starts runs in their
turn. There is one for each target, for each place (boot, container) and each installation of dressage that submits
runs. Messages are JSON objects over a socket in the queue's folder, which only its owner can use.
"""

import hashlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from dressage.errors import StageError
from dressage.files.locks import is_locked
from dressage.files.permissions import umask_of_user
from dressage.files.python import command_of_module
from dressage.supervision.identities import Identity, this_place
from dressage.supervision.tickets import TicketQueue

_ANSWER_S = 30.0
"""How long to wait for a keeper's answer."""
_LONGEST_ADDRESS = 100
"""Bytes in the path of a socket; the system allows little more."""


_DESCRIPTORS = Path("/proc/self/fd")


class Handover(NamedTuple):
    """A run for the queue. environ: the variables of the shell that submits it."""

    run_id: str
    attempt: int
    priority: int
    environ: Mapping[str, str]


class Settings(NamedTuple):
    """The settings of a keeper. claims: the folder of the machine's claims. gpus: ids of GPUs."""

    claims: str | None = None
    gpus: list[str] | None = None


@cache
def place_key() -> str:
    """Return a short name of this place and user: only here, another keeper may take over a dead one's runs."""
    return _short(this_place(), str(os.getuid()))


@cache
def keeper_key() -> str:
    """Return the name of the keeper that starts the runs of this process: of this place and this installation."""
    code = _short(sys.executable, str(Path(__file__).parents[1]))
    return f"{place_key()}-{code}"


def is_alive(queue: TicketQueue, key: str) -> bool:
    """Return whether the keeper with this key lives."""
    return is_locked(queue.keepers / f"{key}.lock")


def is_adoptable(queue: TicketQueue, key: str) -> bool:
    """Return whether a keeper of this process may take over the runs of the keeper with this key."""
    return key.startswith(f"{place_key()}-") and not is_alive(queue, key)


def describe_stop(queue: TicketQueue, key: str) -> str | None:
    """Return what to do if the keeper with this key was stopped (SIGSTOP); None if it was not, or is not here."""
    with suppress(OSError):
        keeper = Identity.parse((queue.keepers / f"{key}.lock").read_bytes())
        if keeper and keeper.is_stopped:
            return f"its keeper is stopped; continue it with: kill -CONT {keeper.process}"
    return None


def hand_over(queue: TicketQueue, runs: Iterable[Handover], settings: Settings) -> None:
    """Give runs to the keeper, which is started if necessary. Raises StageError if it does not answer."""
    message = {"runs": [run._asdict() | {"environ": dict(run.environ)} for run in runs]}
    _exchange(queue, message, lambda: _connect(queue, keeper_key()) or _spawn(queue, settings))


def revive(queue: TicketQueue, settings: Settings) -> None:
    """Start a keeper that takes over the waiting runs of a dead one."""
    _spawn(queue, settings).close()


def notify(queue: TicketQueue, key: str) -> None:
    """Tell the keeper with this key, if it lives, that the queue has changed."""
    with suppress(OSError):
        connection = _connect(queue, key)
        if connection:
            with connection:
                connection.sendall(b'{"changed": true}')


def watch(queue: TicketQueue, key: str, run_id: str) -> socket.socket | None:
    """Return a socket that becomes readable when a waiting run leaves the queue or its keeper ends; None if no keeper
    answers.
    """
    with suppress(OSError):
        connection = _connect(queue, key)
        if connection:
            connection.sendall(json.dumps({"watch": run_id}).encode())
            connection.shutdown(socket.SHUT_WR)
            return connection
    return None


def is_readable(connection: socket.socket, timeout_s: float) -> bool:
    """Wait until the connection is readable, at most `timeout_s` seconds; return whether it is."""
    ready = select.poll()  # unlike select.select, for any number of open files
    ready.register(connection, select.POLLIN)
    return bool(ready.poll(min(timeout_s, 86_400.0) * 1000))


@contextmanager
def address_of(path: Path) -> Iterator[str]:
    """Yield an address of the socket at `path`: a shorter one if its path is too long for a socket."""
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield str(path)
    elif _DESCRIPTORS.exists():  # no temporary folder: its path may be long, too
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield str(_DESCRIPTORS / str(folder) / path.name)
        finally:
            os.close(folder)
    else:
        import tempfile

        with tempfile.TemporaryDirectory() as temporary:
            link = Path(temporary, "k")
            link.symlink_to(path.parent)
            yield str(link / path.name)


def _exchange(queue: TicketQueue, message: Any, connect: Callable[[], socket.socket]) -> None:
    """Send the message until a keeper has confirmed it: one may end just when we reach it."""
    data = json.dumps(message).encode()
    deadline = time.monotonic() + _ANSWER_S
    while (left := deadline - time.monotonic()) > 0:
        try:
            with connect() as connection:
                connection.settimeout(left)
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                if connection.recv(1 << 16):
                    return
        except ConnectionError:
            continue
        except TimeoutError:
            break
    raise StageError("model", _describe_silence(queue))


def _describe_silence(queue: TicketQueue) -> str:
    log = queue.folder / "keeper.log"
    then = describe_stop(queue, keeper_key()) or f"see {str(log)!r}, then run the command again"
    return f"the queue of target {queue.target!r} does not answer; {then}"


def _connect(queue: TicketQueue, key: str) -> socket.socket | None:
    """Return a connection to the keeper with this key; None if it does not listen."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(_ANSWER_S)
    try:
        with address_of(queue.keepers / f"{key}.sock") as address:
            connection.connect(address)
    except (FileNotFoundError, ConnectionError, PermissionError):
        connection.close()
        return None
    return connection


def _spawn(queue: TicketQueue, settings: Settings) -> socket.socket:
    """Start a keeper, and return its first connection. It closes the connection if another keeper lives."""
    queue.create()
    ours, theirs = socket.socketpair()
    command = command_of_module("dressage.supervision.keeper.process")
    arguments = [str(queue.folder), keeper_key(), str(theirs.fileno()), json.dumps(settings)]
    with theirs, (queue.folder / "keeper.log").open("ab") as errors:
        subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            start_new_session=True,
            pass_fds=[theirs.fileno()],
            cwd=queue.folder,
            umask=umask_of_user(),
        )
    return ours


def _short(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()[:12]
