"""Events that an engine sends to its listener while it works.

A line of `-o jsonl` is an event's class name and its fields, as `to_json` of `dressage.files.encoding` writes them.
Listeners are called in the thread that does the work; for progress, in any thread.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from dressage.results.plans import Plan, Stage
from dressage.results.statuses import RunStatus, State
from dressage.results.versions import ModelVersion


class PlanMade(Struct, frozen=True):
    """The plan is ready; nothing was changed yet."""

    plan: Plan


class RunCreated(Struct, frozen=True):
    """changes: files of the source directory that changed after the plan was made, one line each."""

    run_id: str
    changes: tuple[str, ...] = ()


STARTED_ELSEWHERE = "it was started elsewhere"
"""The reason to follow a run of another machine or program."""


class RunFound(Struct, frozen=True):
    """A run of the same request exists already.

    reason: "reused", or why this run is continued. ignored: the parts of the request that the existing run does not
    take over, "name and tags".
    """

    run_id: str
    reason: str
    ignored: str | None = None


class RunJudged(Struct, frozen=True):
    """The policies judged a run again, before its next attempt, and the result differs from the recorded one.

    policies: in the order in which they were applied. changed_by: what each policy changes, one line per change.
    disabled_policies: policies that were not applied, each with the file or variable that disables it.
    """

    run_id: str
    policies: tuple[str, ...]
    changed_by: tuple[str, ...]
    disabled_policies: Mapping[str, str]


class StageStarted(Struct, frozen=True):
    stage: Stage
    name: str


class StageProgress(Struct, frozen=True):
    """done of total (for a dataset, in bytes); total is None while it is unknown."""

    stage: Stage
    what: str
    done: int
    total: int | None


class StageOutput(Struct, frozen=True):
    """A line of output from the program that works on the stage, without its line break."""

    stage: Stage
    text: str


class StageFinished(Struct, frozen=True):
    """result: the stage's result, "mnist-dataset:1". seconds: how long the stage took."""

    stage: Stage
    result: str
    seconds: float


class RunSubmitted(Struct, frozen=True):
    run_id: str
    attempt: int


class StateChanged(Struct, frozen=True):
    """reason: why the run is in that state, if known; it may change while the state stays the same."""

    run_id: str
    state: State
    reason: str | None = None


class LogWritten(Struct, frozen=True):
    """More of the run's own output, byte for byte. offset: where it begins in the run's log, in bytes."""

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
    | RunJudged
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
    """Create the `Progress` function of a stage, which sends its calls to the listener as events."""

    def send(what: str, done: int, total: int | None) -> None:
        if what.endswith("\n"):
            listener(StageOutput(stage, what[:-1]))
        else:
            listener(StageProgress(stage, what, done, total))

    return send


def ignore(_: Event) -> None:
    """Ignore the event: the listener to use when none is given."""
