"""How a run stands. `RunFolder` writes these entries, and so does a supervisor.

A supervisor must stay small: so both write JSON with the standard library, and `read_entry` checks it.
"""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct, convert

from dressage.results.entries.base import Attempt, Entry, Time
from dressage.results.plans import Stage
from dressage.results.statuses import State


class RunCreated(Entry, frozen=True, kw_only=True, tag="run.created"):
    """request: a RunRequest as JSON. judgement: a Judgement as JSON; earlier versions wrote none.

    order: in ms since 1970, but greater than that of all earlier runs of the workspace, even if the clock was set
    back; earlier versions wrote none.
    """

    time: Time
    request: dict[str, Any]
    judgement: dict[str, Any] | None = None
    order: Annotated[int, Meta(ge=0, lt=1 << 62)] | None = None

    def __post_init__(self) -> None:
        datetime.fromisoformat(self.time)  # the pattern accepts a 13th month


class RunJudged(Entry, frozen=True, kw_only=True, tag="run.judged"):
    """The policies judged the run again, before another attempt."""

    request: dict[str, Any]
    judgement: dict[str, Any]


class StageStarted(Entry, frozen=True, kw_only=True, tag="stage.started"):
    """name: the dataset, if it is the dataset stage."""

    stage: Stage
    name: str | None = None


class StageFinished(Entry, frozen=True, kw_only=True, tag="stage.finished"):
    """handle: the stage's result as JSON; None if it has none. name: as in `StageStarted`."""

    stage: Stage
    handle: dict[str, Any] | None
    name: str | None = None

    def __post_init__(self) -> None:
        if self.handle is None:
            return
        convert(self.handle, _ModelHead if self.stage == "model" else _Head)
        if self.stage == "dataset" and self.name is None:
            raise ValueError("the dataset has no name")


class _Head(Struct):
    """What the result of every stage has; the rest is checked when it is used."""

    name: str
    version: int | None = None
    key: str | None = None


class _ModelHead(Struct):
    name: str
    version: int


class RunSubmitting(Entry, frozen=True, kw_only=True, tag="run.submitting"):
    """The next step submits the attempt to the platform."""

    attempt: Attempt


class RunSubmitted(Entry, frozen=True, kw_only=True, tag="run.submitted"):
    """The platform has the attempt."""

    attempt: Attempt


class RunSupervised(Entry, frozen=True, kw_only=True, tag="run.supervised"):
    """Written by a supervisor. process: its process id."""

    attempt: Attempt
    process: int


class ScriptStarted(Entry, frozen=True, kw_only=True, tag="script.started"):
    """Written by a supervisor. group: the script's process group."""

    attempt: Attempt
    group: int


class RunAdopted(Entry, frozen=True, kw_only=True, tag="run.adopted"):
    """The run was started elsewhere: its record was made from what its platform knows. created: there, if known."""

    created: Time | None = None


class RunDetached(Entry, frozen=True, kw_only=True, tag="run.detached"):
    """The client detached: the run continues in the background."""


class RunResumed(Entry, frozen=True, kw_only=True, tag="run.resumed"):
    """retry: the attempt follows an interruption by itself."""

    attempt: Attempt
    retry: bool = False


class EnvironmentLost(Entry, frozen=True, kw_only=True, tag="environment.lost"):
    """The attempt got the variables of another shell."""

    attempt: Attempt


class LeftFile(Struct, frozen=True, kw_only=True):
    """What a script left and the run does not keep. problem: what it is, such as a pipe."""

    path: str
    problem: str


class FilesLeftOut(Entry, frozen=True, kw_only=True, tag="files.left_out"):
    """What the attempt left and the run does not keep."""

    items: tuple[LeftFile, ...]


class StateEntered(Entry, frozen=True, kw_only=True, tag="state"):
    """The run has another state. after: how many changes the writer knew; if there were others, it is out of date."""

    time: Time
    state: State
    exit_code: int | None = None
    reason: str | None = None
    started: Time | None = None
    ended: Time | None = None
    interrupted: bool = False
    after: int | None = None
