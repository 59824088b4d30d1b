"""Wait for changes of runs on this machine, without polling."""

import socket
import threading
import time

from dressage.files.locks import is_locked
from dressage.records.run_folder import RunFolder
from dressage.supervision import keepers
from dressage.supervision.processes import watch_release
from dressage_local.queues import Queues

_PAUSE_S = 0.1
"""Pause before another look at a run that nobody tells us about, for example while its keeper starts."""
_SHORT_PAUSE_S = 0.02
"""Pause before the next question to a keeper that does not let us wait."""


class Waits:
    """Waits for the next change of a run. Clients call it several times a second, so it keeps what it waits for."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self._released: dict[str, threading.Event] = {}
        self._connections: dict[str, socket.socket] = {}

    def wait(self, folder: RunFolder, timeout_s: float) -> None:
        """Wait until the run has left the queue or its supervisor has ended, at most `timeout_s` seconds."""
        waits = self._queues.of_run(folder).find(folder.path.name) is not None
        if waits and not is_locked(folder.lock("supervisor")):
            self._wait_in_queue(folder, timeout_s)
        else:
            self._wait_for_end(folder, timeout_s)

    def _wait_in_queue(self, folder: RunFolder, timeout_s: float) -> None:
        run_id, queue = folder.path.name, self._queues.of_run(folder)
        ticket = queue.find(run_id)
        connection = self._connections.get(run_id)
        if connection is None and ticket:
            connection = keepers.watch(queue, ticket.keeper, run_id)
        if connection is None:
            time.sleep(min(_PAUSE_S, timeout_s))
        elif keepers.is_readable(connection, timeout_s):
            self._connections.pop(run_id, None)
            connection.close()
            if queue.find(run_id):  # its keeper refused us, has ended, or is just starting the run
                time.sleep(min(_SHORT_PAUSE_S, timeout_s))
        else:
            self._connections[run_id] = connection

    def _wait_for_end(self, folder: RunFolder, timeout_s: float) -> None:
        run_id = folder.path.name
        released = self._released.get(run_id)
        if released is None:
            released = self._released[run_id] = watch_release(folder.lock("supervisor"))
        if released.wait(min(timeout_s, threading.TIMEOUT_MAX)):
            self._released.pop(run_id, None)
