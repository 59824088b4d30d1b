"""The queues of this workspace's compute targets, as a client sees them."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dressage.files.locks import is_locked
from dressage.records.run_folder import RunFolder
from dressage.records.workspace import Workspace
from dressage.results.statuses import RunStatus
from dressage.storage.compute import StoredCompute
from dressage.storage.machine import detect_gpus, select_gpus
from dressage.supervision import keepers
from dressage.supervision.keepers import Handover
from dressage.supervision.launch import Launch
from dressage.supervision.processes import has_leftover
from dressage.supervision.tickets import Ticket, TicketQueue
from dressage_local.options import Options

_REVIVAL_S = 1.0
"""Seconds between two attempts of one process to start a queue's keeper: the disk may be full."""
_CHEAP_S = 0.005
_SHARE = 20
"""Reading the places of a queue takes at most one part in so many of the time, if it takes longer than `_CHEAP_S`."""


class _Places(NamedTuple):
    """The places of waiting runs. version: of the queue. good_until: when to look again, if it has changed."""

    of_runs: dict[str, int]
    version: int
    good_until: float


_NO_PLACES = _Places({}, -1, 0.0)


class Queues:
    """Finds the queue of a run, and keeps it going."""

    def __init__(self, workspace: Workspace, compute: StoredCompute, options: Options) -> None:
        self._workspace = workspace
        self._compute = compute
        self._settings = keepers.Settings(options.claims, configured_gpus(options))
        self._places: dict[Path, _Places] = {}
        self._revived: dict[Path, float] = {}

    def of_target(self, name: str) -> TicketQueue:
        """Return the queue of a compute target."""
        return TicketQueue(self._compute.queue(name))

    def of_run(self, folder: RunFolder) -> TicketQueue:
        """Return the queue that the run was submitted to. folder: of a run with a request."""
        return self.of_target((folder.refresh().request or {})["compute"]["name"])

    def hand_over(self, queue: TicketQueue, run_id: str, attempt: int, priority: int) -> None:
        """Put a run into the queue, with this process's variables. Raises StageError if the queue does not answer."""
        keepers.hand_over(queue, [Handover(run_id, attempt, priority, os.environ)], self._settings)

    def describe(self, queue: TicketQueue, ticket: Ticket) -> RunStatus:
        """Return the status of a waiting run. If its keeper is dead, start another one, if that is possible here."""
        note = ticket.note or keepers.describe_stop(queue, ticket.keeper)
        if not ticket.is_blocked and not keepers.is_alive(queue, ticket.keeper):
            if keepers.is_adoptable(queue, ticket.keeper):
                self.revive(queue)
                log = queue.folder / "keeper.log"
                note = f"its keeper has ended, and another one is started; if this stays, see {str(log)!r}"
            else:
                note = (
                    "was queued before a restart of the machine, or in another container; continue it with:"
                    f" dressage resume {ticket.run_id}"
                )
        place, slots = self._find_place(queue, ticket.run_id), queue.read_slots(0)
        if note is None and place == 1 and len(queue.running()) < slots:
            return RunStatus(state="Preparing")  # it is being started
        if note is None:
            then = f"runs {slots} at a time" if slots else "was deleted; the next new run creates it again"
            note = f"target {queue.target!r} {then}"
        return RunStatus(state="Queued", reason=f"queued: {note}", place=place)

    def withdraw(self, folder: RunFolder) -> bool:
        """Take a run out of the queue. Returns False if it does not wait, or is just being started."""
        queue, run_id = self.of_run(folder), folder.path.name
        ticket = queue.find(run_id)
        if ticket is None:
            return False
        with queue.lock():
            if is_locked(folder.lock("supervisor")) or not queue.remove(run_id):
                return False
        keepers.notify(queue, ticket.keeper)
        return True

    def is_retried(self, folder: RunFolder) -> bool:
        """Return whether another attempt follows by itself, after the supervisor was killed."""
        queue, run_id = self.of_run(folder), folder.path.name
        ticket, launch = queue.find_running(run_id), Launch.find(folder.launch)
        if ticket is None:  # its next attempt may have been queued just now
            waiting = queue.find(run_id)
            return waiting is not None and waiting.attempt == folder.refresh().attempt
        is_last = launch is None or (launch.attempt == ticket.attempt and not launch.retries)
        if is_last or folder.cancel.exists():
            return False
        if keepers.is_adoptable(queue, ticket.keeper):
            self.revive(queue)
        return keepers.is_alive(queue, ticket.keeper) or keepers.is_adoptable(queue, ticket.keeper)

    def leftovers(self) -> Iterator[RunFolder]:
        """Yield the runs without a supervisor whose script is still running."""
        for path in sorted((self._workspace.root / "compute").glob("*.queue")):
            for ticket in TicketQueue(path).running():
                folder = self._workspace.run(ticket.run_id)
                if has_leftover(folder):
                    yield folder

    def revive(self, queue: TicketQueue) -> None:
        """Start a keeper for a queue whose keeper was killed."""
        if time.monotonic() - self._revived.get(queue.folder, -_REVIVAL_S) >= _REVIVAL_S:
            self._revived[queue.folder] = time.monotonic()
            keepers.revive(queue, self._settings)

    def _find_place(self, queue: TicketQueue, run_id: str) -> int | None:
        """Return the run's place in the queue, from 1.

        The queue is read again when it has changed; a long one, that is asked about often, only from time to time.
        """
        known = self._places.get(queue.folder, _NO_PLACES)
        if known.version != queue.version and time.monotonic() >= known.good_until:
            known = self._places[queue.folder] = _read_places(queue)
        return known.of_runs.get(run_id)


def _read_places(queue: TicketQueue) -> _Places:
    begun, version = time.monotonic(), queue.version
    places = {ticket.run_id: place for place, ticket in enumerate(queue.waiting(), 1)}
    took = time.monotonic() - begun
    return _Places(places, version, time.monotonic() + (took * _SHARE if took > _CHEAP_S else 0))


def gpus_of(options: Options) -> list[str]:
    """Return the ids of the GPUs that runs may use: the configured ones, else those of this machine."""
    configured = configured_gpus(options)
    return list(detect_gpus()) if configured is None else configured


def configured_gpus(options: Options) -> list[str] | None:
    """Return the ids of the GPUs that the options name; None if they name none, so that all may be used."""
    return None if options.gpus is None else select_gpus(options.gpus.split(","), list(detect_gpus()))
