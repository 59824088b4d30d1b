"""What observers are given: one notice for each thing that happened to a run.

A notice is made from a line of the run's journal, so it is the same each time it is delivered. It contains no
settings, variables, arguments, paths or addresses: these may be secret. `reason` may quote a line of the script's
output.
Times are ISO 8601 in UTC.
"""

from collections.abc import Mapping

from msgspec import Struct

from dressage.results.plans import Stage
from dressage.results.statuses import State


class Notice(Struct, frozen=True, kw_only=True):
    """What all notices have.

    event_id: the run's id and the place of the event in the run's journal. It is unique and never changes: an event
        that is delivered again has the same id.
    attempt: counted from 1; each resume adds one. time: when it happened.
    """

    event_id: str
    run_id: str
    recipe: str
    experiment: str
    platform: str
    attempt: int
    time: str


class NewRun(Notice, frozen=True, kw_only=True):
    """A run was created. name, tags: for people, as given by the user, the recipe and the policies."""

    name: str | None = None
    tags: Mapping[str, str] = {}


class StageResult(Notice, frozen=True, kw_only=True):
    """A stage has a result. result: its name and version, "mnist-dataset:1"."""

    stage: Stage
    result: str


class StateChange(Notice, frozen=True, kw_only=True):
    """A run has another state. reason: why, in one line, if known. exit_code: the script's, once it has ended."""

    state: State
    reason: str | None = None
    exit_code: int | None = None


class LoggedParameters(Notice, frozen=True, kw_only=True):
    """The script logged parameters. mlflow_run: the further MLflow run that they belong to; None for the run."""

    parameters: Mapping[str, str]
    mlflow_run: str | None = None


class LoggedMetric(Struct, frozen=True, kw_only=True):
    """One value of a metric. timestamp: milliseconds since 1970, UTC."""

    name: str
    value: float
    step: int
    timestamp: int


class LoggedMetrics(Notice, frozen=True, kw_only=True):
    """The script logged metrics with one request. mlflow_run: as in `LoggedParameters`."""

    metrics: tuple[LoggedMetric, ...]
    mlflow_run: str | None = None


class ChangedTags(Notice, frozen=True, kw_only=True):
    """The script set tags; a value of None means that it deleted the tag. mlflow_run: as in `LoggedParameters`."""

    tags: Mapping[str, str | None]
    mlflow_run: str | None = None


class RunEnd(Notice, frozen=True, kw_only=True):
    """An attempt of a run has ended.

    state: Completed, Failed or Canceled. reason, exit_code: as in `StateChange`.
    interrupted: it failed, but not because of the script, and can be resumed.
    metrics: the latest value of each metric. model: the model version that it registered, "name:version"; a platform
        may register it later, and then it is the result of the stage "model".
    """

    state: State
    reason: str | None = None
    exit_code: int | None = None
    interrupted: bool = False
    metrics: Mapping[str, float] = {}
    model: str | None = None
