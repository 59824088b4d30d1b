"""The delivering process of a workspace: gives the runs with new events to the couriers of their observers.

    python -c ... WORKSPACE LOCK

LOCK is the descriptor of next.lock.

It ends when everything is delivered and no process works for a run with observers. It can be killed at any time:
the next command, or the next state of a run, starts another, which continues at the cursors.
"""

import os
import queue
import select
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from dressage.delivery.couriers import Courier
from dressage.delivery.receivers import Receiver
from dressage.delivery.registration import Origin, read_registered
from dressage.delivery.reports import LOG, Reports
from dressage.files.atomic import write_json
from dressage.files.locks import FileLock, is_locked
from dressage.files.permissions import follow_folder
from dressage.records.outbox import FOLDER, STOP, wake, wake_pipe
from dressage.records.workspace import Workspace

_SETTLE_S = 0.1
"""How long events are collected after a wake: the process must not compete with a script that logs all the time."""
_LINGER_S = 2.0
"""How long the process waits for another run when nothing is left."""
_CHECK_S = 30.0
"""How often to check whether the processes that work for runs are alive: a killed one wakes nobody."""
_GIVE_IN_S = 3600.0
"""How long receivers may be unreachable before the process ends; the next command starts it again."""
_FULL = 1 << 15
"""If this many bytes were in the pipe, it may have been full, and lines may be missing."""


class Delivery:
    """The observers of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._folder = workspace.root / FOLDER
        self._couriers: dict[tuple[str, Origin], Courier] = {}
        self._runs: dict[str, list[Courier]] = {}
        self._drained: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._pipe: int | None = None
        self._owned: str | None = None

    def run(self, is_awake: Callable[[], None]) -> None:
        """Deliver until nothing is left, or until another process must take over.

        is_awake: called when the pipe is open: from then on, writers wake this process.
        """
        while True:
            self._open_pipe()
            is_awake()
            self._dispatch(self._pending())
            if not self._deliver():
                break
            self._close_pipe()  # first: who finds no pipe starts another process, which finds what we miss now
            self._dispatch(self._pending())
            if self._is_finished():
                break
        self._close_pipe()
        self._end_couriers()

    def _deliver(self) -> bool:
        """Deliver until nothing is left. Returns False if the process must end at once."""
        while True:
            lines = self._wait(_LINGER_S if self._is_finished() else _CHECK_S)
            if lines is None and self._is_finished():
                return True
            if lines and STOP in lines:
                return False
            self._dispatch(lines or ())
            self._settle()
            time.sleep(_SETTLE_S)

    def _wait(self, limit_s: float) -> set[str] | None:
        """Wait until the pipe has lines, and return them; all pending runs, too, if lines may be missing.

        None if there are none within the limit.
        """
        assert self._pipe is not None  # noqa: S101 (it is open)
        ready, _, _ = select.select([self._pipe], [], [], limit_s)
        if not ready:
            return None
        data = os.read(self._pipe, 1 << 20)
        lines = set(data.decode(errors="replace").split("\n"))
        return lines | set(self._pending()) if len(data) >= _FULL else lines

    def _pending(self) -> list[str]:
        with suppress(FileNotFoundError):
            return [entry.name for entry in (self._folder / "pending").iterdir()]
        return []

    def _dispatch(self, run_ids: Iterable[str]) -> None:
        """Give runs to the couriers of their observers; other lines are ignored."""
        for run_id in run_ids:
            if not run_id or "/" in run_id:
                continue
            folder = self._workspace.run(run_id)
            if not folder.observers.exists():
                continue
            registered = read_registered(folder).observers
            self._runs[run_id] = [self._courier(name, origin) for name, origin in registered.items()]
            for courier in self._runs[run_id]:
                courier.add(run_id)

    def _courier(self, name: str, origin: Origin) -> Courier:
        found = self._couriers.get((name, origin))
        if found is None:
            root = self._workspace.root
            receiver = Receiver(name, origin, root, root / LOG)
            reports = Reports(root, name)
            found = self._couriers[name, origin] = Courier(receiver, self._workspace, reports, self._note)
            found.start()
        return found

    def _note(self, run_id: str) -> None:
        """Note that a courier has nothing left to do for a run now. Called in the courier's thread."""
        self._drained.put(run_id)
        wake(wake_pipe(self._workspace.root), "")

    def _settle(self) -> None:
        """Forget runs that have ended and are delivered; write which variables are missing."""
        with suppress(queue.Empty):
            while True:
                self._forget_if_done(self._drained.get_nowait())
        missing = {
            courier.receiver.name: list(courier.missing)
            for courier in self._couriers.values()
            if courier.missing
        }
        path = self._folder / "missing.json"
        if missing:
            write_json(path, missing)
        else:
            path.unlink(missing_ok=True)

    def _forget_if_done(self, run_id: str) -> None:
        couriers = self._runs.get(run_id)
        if couriers is None or not all(courier.is_done_with(run_id) for courier in couriers):
            return
        marker = self._folder / "pending" / run_id
        marker.unlink(missing_ok=True)
        if all(courier.is_done_with(run_id) for courier in couriers):
            del self._runs[run_id]
            for courier in couriers:
                courier.forget(run_id)
        else:  # its journal has grown in the meantime
            marker.touch()
            self._dispatch([run_id])

    def _is_finished(self) -> bool:
        """Return whether nothing can be delivered, now or soon."""
        now = time.monotonic()
        for courier in self._couriers.values():
            is_blocked = courier.blocked_since is not None and now - courier.blocked_since > _GIVE_IN_S
            if not (courier.is_idle or courier.missing or is_blocked):
                return False
        return not self._has_owner()

    def _has_owner(self) -> bool:
        """Return whether a process works for one of the runs: then more events come."""
        known = [self._owned] if self._owned in self._runs else []
        for run_id in [*known, *self._runs]:
            if run_id and any(map(is_locked, self._workspace.run(run_id).path.glob("*.lock"))):
                self._owned = run_id
                return True
        return False

    def _open_pipe(self) -> None:
        if self._pipe is not None:
            return
        path = wake_pipe(self._workspace.root)
        if not path.is_fifo():
            path.unlink(missing_ok=True)
            os.mkfifo(path, 0o600)
        # For reading and writing: the pipe must not end when a writer closes it.
        self._pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def _close_pipe(self) -> None:
        if self._pipe is not None:
            wake_pipe(self._workspace.root).unlink(missing_ok=True)
            os.close(self._pipe)
            self._pipe = None

    def _end_couriers(self) -> None:
        for courier in self._couriers.values():
            courier.stop()
        deadline = time.monotonic() + _LINGER_S
        for courier in self._couriers.values():
            courier.join(max(0.0, deadline - time.monotonic()))
            if courier.is_alive():
                courier.receiver.kill()


def main() -> None:
    """Wait for the end of the process before this one, then deliver."""
    workspace = Workspace(Path(sys.argv[1]))
    follow_folder(workspace.mode)
    os.nice(5)
    waiting = FileLock.from_descriptor(workspace.root / FOLDER / "next.lock", int(sys.argv[2]))
    with FileLock(workspace.root / FOLDER / "delivery.lock"):
        Delivery(workspace).run(waiting.release)
