"""How a run stands, and its line in a listing. Times are ISO 8601 in UTC."""

from collections.abc import Mapping
from typing import Literal, get_args

from msgspec import Struct

State = Literal["Queued", "Preparing", "Running", "Finalizing", "Completed", "Failed", "Canceled"]
STATES: tuple[State, ...] = get_args(State)
ENDED: frozenset[State] = frozenset({"Completed", "Failed", "Canceled"})


class RunStatus(Struct, frozen=True, kw_only=True):
    """How a run stands.

    exit_code: the script's own. reason: why the run failed, in one line.
    started, ended: when it entered Running and its last state.
    interrupted: it failed, but not by the script's doing (a killed supervisor, a reclaimed node): resuming
    continues it.
    """

    state: State
    exit_code: int | None = None
    reason: str | None = None
    started: str | None = None
    ended: str | None = None
    interrupted: bool = False

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED


class RunSummary(Struct, frozen=True, kw_only=True):
    """One line of a listing.

    model: what it registered, "name:version". metrics: the last value of each. metric: name of the primary metric.
    """

    run_id: str
    recipe: str
    platform: str
    experiment: str
    status: RunStatus
    created: str | None = None
    name: str | None = None
    model: str | None = None
    metrics: Mapping[str, float] = {}
    metric: str | None = None
