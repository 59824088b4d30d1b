"""The runs that wait for this keeper, in their order, and the variables of their shells."""

import heapq
import json
from collections.abc import Mapping

from dressage.supervision.tickets import Ticket


class Line:
    """What a keeper has in its memory only; the tickets are on the disk."""

    def __init__(self) -> None:
        self._heap: list[tuple[tuple[int, int], str]] = []
        self._members: set[str] = set()
        self._variables: dict[str, Mapping[str, str]] = {}
        self._distinct: dict[str, Mapping[str, str]] = {}

    def __len__(self) -> int:
        return len(self._heap)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._members

    @property
    def first(self) -> str:
        """The id of the run whose turn it is. The line must not be empty."""
        return self._heap[0][1]

    def push(self, ticket: Ticket) -> None:
        """Add a run, unless it is in the line."""
        if ticket.run_id not in self._members:
            self._members.add(ticket.run_id)
            heapq.heappush(self._heap, (ticket.rank, ticket.run_id))

    def pop(self) -> str:
        """Remove the first run, and return its id. Its variables are kept until `forget`."""
        _, run_id = heapq.heappop(self._heap)
        self._members.discard(run_id)
        return run_id

    def remember(self, run_id: str, variables: Mapping[str, str]) -> None:
        """Keep a run's variables. Equal ones are kept once: thousands of runs may come from one shell."""
        text = json.dumps(variables, sort_keys=True)
        self._variables[run_id] = self._distinct.setdefault(text, variables)

    def variables(self, run_id: str) -> Mapping[str, str] | None:
        """Return a run's variables; None if they were lost with an earlier keeper."""
        return self._variables.get(run_id)

    def forget(self, run_id: str) -> None:
        """Forget a run's variables."""
        self._variables.pop(run_id, None)
        if not self._variables:
            self._distinct.clear()
