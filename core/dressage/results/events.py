"""What happens while an engine works, for whoever shows it.

`to_json` of `dressage.files.encoding` and an event's class name make a line of `-o jsonl`. Listeners are called in
the thread that does the work, or, for progress, in any.
"""

from collections.abc import Callable

from msgspec import Struct

from dressage.results.plans import Plan, Stage
from dressage.results.statuses import RunStatus, State
from dressage.results.versions import ModelVersion


class PlanMade(Struct, frozen=True):
    """Nothing has been touched yet."""

    plan: Plan


class RunCreated(Struct, frozen=True):
    run_id: str


class RunFound(Struct, frozen=True):
    """The same request is there already.

    reason: "reused", or why this run is continued. ignored: what of the request a reused run does not get, "name and
    tags".
    """

    run_id: str
    reason: str
    ignored: str | None = None


class StageStarted(Struct, frozen=True):
    stage: Stage
    name: str


class StageProgress(Struct, frozen=True):
    """done of total, bytes for a dataset; total is None while unknown."""

    stage: Stage
    what: str
    done: int
    total: int | None


class StageOutput(Struct, frozen=True):
    """A line that what works on the stage has written, without its line break."""

    stage: Stage
    text: str


class StageFinished(Struct, frozen=True):
    """result: what there is now, "mnist-dataset:1". seconds: how long the stage took."""

    stage: Stage
    result: str
    seconds: float


class RunSubmitted(Struct, frozen=True):
    run_id: str
    attempt: int


class StateChanged(Struct, frozen=True):
    """reason: why it is in that state, where there is something to say; that may change alone."""

    run_id: str
    state: State
    reason: str | None = None


class LogWritten(Struct, frozen=True):
    """More of the run's own output, as it wrote it. offset: of its first byte in the run's log."""

    run_id: str
    offset: int
    data: bytes


class RunEnded(Struct, frozen=True):
    run_id: str
    status: RunStatus
    model: ModelVersion | None


Event = (
    PlanMade
    | RunCreated
    | RunFound
    | StageStarted
    | StageProgress
    | StageOutput
    | StageFinished
    | RunSubmitted
    | StateChanged
    | LogWritten
    | RunEnded
)
Listener = Callable[[Event], None]


def progress_of(stage: Stage, listener: Listener) -> Callable[[str, int, int | None], None]:
    """What to give a stage of a platform as its `Progress`, for the listener to hear of it."""

    def told(what: str, done: int, total: int | None) -> None:
        if what.endswith("\n"):
            listener(StageOutput(stage, what[:-1]))
        else:
            listener(StageProgress(stage, what, done, total))

    return told


def ignore(_: Event) -> None:
    """The listener of those who do not listen."""
