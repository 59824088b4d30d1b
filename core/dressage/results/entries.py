"""The entries of a run's journal: each line is one of these, as JSON; "event" says which.

`RunFolder` writes the first group, and so does a supervisor, which must stay small: so both write JSON with the
standard library, and `read_entry` checks it. The tracking endpoint and readers of event files write the second group.
An entry with a `run` belongs to a further run that the script opened. Times in milliseconds are since 1970 in UTC.

Readers are lenient to what a later version of dressage may write: unknown fields are ignored, and an unknown event is
an `UnknownEntry`. A known event with a missing field or a wrong type is an `UnreadableEntry`: readers skip it, and
`dressage doctor` names it.
"""

import json
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Union, get_args

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, convert

from dressage.results.plans import Stage
from dressage.results.statuses import State

Attempt = Annotated[int, Meta(ge=1)]
Time = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")]


class Entry(Struct, frozen=True, kw_only=True, tag_field="event"):
    """What all entries have. time: ISO 8601, UTC. attempt: the attempt that wrote it, if it matters."""

    time: str = ""
    attempt: Attempt | None = None

    @property
    def event(self) -> str:
        """What the journal calls this kind of entry."""
        return str(self.__struct_config__.tag)


class UnknownEntry(Entry, frozen=True, kw_only=True, tag=""):
    """An event that a later version of dressage has written, or a line without a meaning for this reader."""


class UnreadableEntry(Entry, frozen=True, kw_only=True, tag=""):
    """A damaged line. problem: what is wrong with it, in one line."""

    problem: str


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


class MetricItem(Struct, frozen=True, kw_only=True):
    """One value of a metric; model_id, dataset_name and dataset_digest: what it was logged for."""

    key: str
    value: float
    step: int | None = None
    timestamp: int | None = None
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class ParamItem(Struct, frozen=True, kw_only=True):
    """A parameter."""

    key: str
    value: str


class TagItem(Struct, frozen=True, kw_only=True):
    """A tag; a value of None deletes it."""

    key: str
    value: str | None


class InputItem(Struct, frozen=True, kw_only=True):
    """A dataset that a script says it read. source, schema, profile: JSON text, as MLflow writes it."""

    name: str
    digest: str
    source_type: str = ""
    source: str = ""
    schema: str | None = None
    profile: str | None = None
    tags: dict[str, str] = {}


class OutputItem(Struct, frozen=True, kw_only=True):
    """A model that a run logged."""

    model_id: str
    step: int = 0


class Recording(Entry, frozen=True, kw_only=True):
    """What a script recorded. run: the further run that it belongs to; None for the run itself."""

    run: str | None = None


class MetricsLogged(Recording, frozen=True, kw_only=True, tag="metrics"):
    """file: the event file of TensorBoard that the metrics were read from, by its path in the working directory.

    end: the byte up to which it was read. problem: why not to its end.
    """

    items: tuple[MetricItem, ...]
    file: str | None = None
    end: int = 0
    problem: str | None = None


class ParamsLogged(Recording, frozen=True, kw_only=True, tag="params"):
    """Parameters."""

    items: tuple[ParamItem, ...]


class TagsChanged(Recording, frozen=True, kw_only=True, tag="tags"):
    """Tags that were set or deleted."""

    items: tuple[TagItem, ...]


class InputsLogged(Recording, frozen=True, kw_only=True, tag="inputs"):
    """Datasets that were read. models: the ids of logged models that were read."""

    items: tuple[InputItem, ...]
    models: tuple[str, ...] = ()


class OutputsLogged(Recording, frozen=True, kw_only=True, tag="outputs"):
    """Models that were logged."""

    items: tuple[OutputItem, ...]


class StatusChanged(Recording, frozen=True, kw_only=True, tag="tracking.status"):
    """Fields of an MLflow run that changed."""

    status: str | None = None
    run_name: str | None = None
    end_time: int | UnsetType | None = UNSET
    user: str | UnsetType = UNSET
    started_ms: int | UnsetType = UNSET
    deleted: bool | UnsetType = UNSET
    experiment_id: str | UnsetType = UNSET


class BatchLogged(Recording, frozen=True, kw_only=True, tag="batch"):
    """Several entries of one MLflow run: all of them are in the journal, or none."""

    parts: tuple[
        MetricsLogged | ParamsLogged | TagsChanged | InputsLogged | OutputsLogged | StatusChanged, ...
    ]


class RunOpened(Recording, frozen=True, kw_only=True, tag="tracking.run"):
    """The script opened a further run."""

    run: str
    name: str | None
    user: str | UnsetType = UNSET
    started_ms: int | UnsetType = UNSET
    experiment_id: str | UnsetType = UNSET


class ExperimentChanged(Recording, frozen=True, kw_only=True, tag="tracking.experiment"):
    """Fields of an experiment that changed; the first entry, which has a name, creates it."""

    experiment_id: str
    name: str | UnsetType = UNSET
    created_ms: int | UnsetType = UNSET
    updated_ms: int | UnsetType = UNSET
    deleted: bool | UnsetType = UNSET
    tags: tuple[TagItem, ...] | None = None


class ModelCreated(Recording, frozen=True, kw_only=True, tag="tracking.model"):
    """The script began to log a model."""

    model_id: str
    name: str
    experiment_id: str = "0"
    model_type: str | None = None
    source_run_id: str | None = None
    created_ms: int = 0
    updated_ms: int = 0
    params: dict[str, str] = {}
    tags: dict[str, str] = {}


class ModelChanged(Recording, frozen=True, kw_only=True, tag="tracking.model_changed"):
    """Fields of a logged model that changed."""

    model_id: str
    status: str | UnsetType = UNSET
    updated_ms: int | UnsetType = UNSET
    deleted: bool | UnsetType = UNSET
    params: dict[str, str] | None = None
    tags: tuple[TagItem, ...] | None = None


class VersionRegistered(Recording, frozen=True, kw_only=True, tag="tracking.registered"):
    """The script registered a model version."""

    name: str
    version: int
    model_id: str | None = None


class TraceLogged(Recording, frozen=True, kw_only=True, tag="tracking.trace"):
    """The script logged a trace."""

    trace_id: str


class TraceDeleted(Recording, frozen=True, kw_only=True, tag="tracking.trace_deleted"):
    """The script deleted a trace."""

    trace_id: str


class RequestRefused(Recording, frozen=True, kw_only=True, tag="tracking.refused"):
    """A request that was refused. count: how often. message: why; "" if such requests are not supported."""

    request: str
    count: int
    message: str


KnownEntry = Union[  # noqa: UP007 - get_args lists its members
    RunCreated,
    RunJudged,
    StageStarted,
    StageFinished,
    RunSubmitting,
    RunSubmitted,
    RunSupervised,
    ScriptStarted,
    RunAdopted,
    RunDetached,
    RunResumed,
    EnvironmentLost,
    FilesLeftOut,
    StateEntered,
    MetricsLogged,
    ParamsLogged,
    TagsChanged,
    InputsLogged,
    OutputsLogged,
    StatusChanged,
    BatchLogged,
    RunOpened,
    ExperimentChanged,
    ModelCreated,
    ModelChanged,
    VersionRegistered,
    TraceLogged,
    TraceDeleted,
    RequestRefused,
]


def read_entry(line: bytes) -> Entry:
    """Read a line of a journal. Never raises: an unknown or unreadable line is an entry, too."""
    try:
        entry: Entry = _decoder().decode(line)
    except (ValueError, RecursionError):
        return _read_slowly(line)
    return entry


def entry_of(event: Any) -> Entry:
    """Return the entry that an event is, as JSON, with the same rules as `read_entry`."""
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        return UnreadableEntry(problem="it is not an event")
    kind = _kinds().get(event["event"])
    if kind is None:
        return UnknownEntry()
    if event["event"] == "batch" and isinstance(event.get("parts"), list):
        event = {**event, "parts": list(filter(_is_known, event["parts"]))}
    try:
        return convert(event, kind)
    except (ValueError, RecursionError) as error:
        return UnreadableEntry(problem=f"event {event['event']!r}: {error}")


def _read_slowly(line: bytes) -> Entry:
    """Read what only Python takes for JSON, such as NaN, and find out what is wrong with other lines."""
    try:
        return entry_of(json.loads(line))
    except (ValueError, RecursionError):
        return UnreadableEntry(problem="it is not JSON")


def _is_known(part: Any) -> bool:
    """Return whether a part of a batch has a meaning for this reader; damaged ones do."""
    return not isinstance(part, dict) or part.get("event") in _kinds() or "event" not in part


@cache
def _decoder() -> Any:
    return msgspec.json.Decoder(KnownEntry)


@cache
def _kinds() -> dict[str, type[Entry]]:
    return {kind.__struct_config__.tag: kind for kind in get_args(KnownEntry)}
