"""The status of a run, and its line in a listing. Times are ISO 8601 in UTC."""

from collections.abc import Mapping
from typing import Literal, get_args

from msgspec import Struct

State = Literal["Queued", "Preparing", "Running", "Finalizing", "Completed", "Failed", "Canceled"]
STATES: tuple[State, ...] = get_args(State)
ENDED: frozenset[State] = frozenset({"Completed", "Failed", "Canceled"})


class RunStatus(Struct, frozen=True, kw_only=True):
    """The status of a run.

    exit_code: the script's exit code. reason: why the run failed, in one line.
    started, ended: when it entered Running and its last state.
    interrupted: the run failed, but not because of the script (a killed supervisor, a reclaimed node); it can be
    resumed.
    place: the place in the queue, 1 for the run that starts next; only of Queued runs, if the platform knows it.
    attempt: the attempt that this is the status of, counted from 1; None if the platform does not say.
    The journal does not have the last two.
    """

    state: State
    exit_code: int | None = None
    reason: str | None = None
    started: str | None = None
    ended: str | None = None
    interrupted: bool = False
    place: int | None = None
    attempt: int | None = None

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED


class RunSummary(Struct, frozen=True, kw_only=True):
    """One line of a listing.

    tags: the run's, as they were given and as recipes and policies set them.
    model: the model version that it registered, "name:version". metrics: the latest value of each metric.
    user: who started it, if the platform knows.
    metric: the name of the primary metric. has_leftover: its script is still running although the run has ended.
    """

    run_id: str
    recipe: str
    platform: str
    experiment: str
    status: RunStatus
    created: str | None = None
    name: str | None = None
    tags: Mapping[str, str] = {}
    model: str | None = None
    metrics: Mapping[str, float] = {}
    metric: str | None = None
    user: str | None = None
    has_leftover: bool = False


class ResumedRun(Struct, frozen=True, kw_only=True):
    """One run that `Engine.resume_all` has resumed, or could not resume.

    reason: why it had to be resumed, if its record says so. status: after that; None if it could not be resumed.
    error: why it could not, in one line.
    """

    run_id: str
    reason: str | None = None
    status: RunStatus | None = None
    error: str | None = None
