"""What a script recorded, read from the journal: the run's own data, and the runs, models and traces it created.

`dressage.results.entries` describes the journal. Times in milliseconds are since 1970, in UTC, as in MLflow's
protocol.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import UNSET, Struct, structs

from dressage.results.entries import (
    BatchLogged,
    Entry,
    ExperimentChanged,
    InputsLogged,
    MetricItem,
    MetricsLogged,
    ModelChanged,
    ModelCreated,
    OutputsLogged,
    ParamsLogged,
    Recording,
    RequestRefused,
    RunOpened,
    StatusChanged,
    TagItem,
    TagsChanged,
    TraceDeleted,
    TraceLogged,
    UnreadableEntry,
    VersionRegistered,
)
from dressage.results.metrics import Point, Points, latest_of

_MODEL_FIELDS = (
    *("model_id", "name", "experiment_id", "model_type", "source_run_id"),
    *("created_ms", "updated_ms", "params", "tags"),
)
_MODEL_METRIC_FIELDS = ("key", "value", "dataset_name", "dataset_digest")


class Input(Struct, frozen=True, kw_only=True):
    """A dataset that a script says it read. source, schema, profile: JSON text, as MLflow writes it."""

    name: str
    digest: str
    source_type: str = ""
    source: str = ""
    schema: str | None = None
    profile: str | None = None
    tags: Mapping[str, str] = {}


class Output(NamedTuple):
    """A model that a run logged (as an output) or read (as an input), at a step of its training."""

    model_id: str
    step: int = 0


class ModelMetric(Struct, frozen=True, kw_only=True):
    """One value of a metric that was logged for a model, by a run, on a dataset."""

    key: str
    value: float
    step: int
    timestamp: int
    run_id: str
    dataset_name: str | None = None
    dataset_digest: str | None = None


class LoggedModel(Struct, kw_only=True):
    """A model that a script logged with MLflow 3; its files are the run's, below models/MODEL_ID.

    status: PENDING, READY or FAILED. registered: the versions registered from it, "name:version".
    """

    model_id: str
    name: str
    experiment_id: str = "0"
    model_type: str | None = None
    source_run_id: str | None = None
    status: str = "PENDING"
    attempt: int = 1
    created_ms: int = 0
    updated_ms: int = 0
    deleted: bool = False
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    metrics: list[ModelMetric] = []
    registered: list[str] = []
    seen: set[tuple[Any, ...]] = set()

    def add_metric(self, metric: ModelMetric) -> None:
        """Keep one value for each run, metric, step and time, like MLflow."""
        identity = (metric.run_id, metric.key, metric.step, metric.timestamp)
        if identity not in self.seen:
            self.seen.add(identity)
            self.metrics.append(metric)

    @property
    def path(self) -> str:
        """The folder of its files among the run's files."""
        return f"models/{self.model_id}"


class Experiment(Struct, kw_only=True):
    """An experiment that the script named; the run's own experiment has the id "0"."""

    experiment_id: str
    name: str
    created_ms: int = 0
    updated_ms: int = 0
    deleted: bool = False
    tags: dict[str, str] = {}


class Refusal(Struct, frozen=True):
    """A request of the script to MLflow that was refused. count: how often.

    message: the reason of the first refusal; "" if such requests are not supported.
    """

    count: int
    message: str


class RunData(Struct):
    """The data of one MLflow run. metrics: all logged values by metric, in the order of logging.

    attempt: the attempt of the dressage run in which the script opened this run; each attempt opens its own.
    status: RUNNING, FINISHED, FAILED or KILLED, as the script reported it; the platform decides the run's state.
    """

    run_id: str = ""
    name: str | None = None
    user: str = ""
    status: str = "RUNNING"
    started_ms: int = 0
    ended_ms: int | None = None
    deleted: bool = False
    experiment_id: str = "0"
    attempt: int = 1
    metrics: dict[str, Points] = {}
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    inputs: list[Input] = []
    outputs: list[Output] = []
    model_inputs: list[Output] = []

    @property
    def parent_id(self) -> str | None:
        """The parent run, if this is a nested run."""
        return self.tags.get("mlflow.parentRunId")

    def latest(self) -> dict[str, float]:
        """Return the value of each metric at its highest step."""
        return {key: latest_of(points).value for key, points in self.metrics.items()}

    def apply_data(self, entry: Entry) -> None:
        """Apply one entry of this run; entries of other kinds are ignored."""
        match entry:
            case MetricsLogged():
                for item in entry.items:
                    self._add_point(item, entry.attempt or 1)
            case ParamsLogged():
                self.params.update({item.key: item.value for item in entry.items})
            case TagsChanged():
                _set_or_delete(self.tags, entry.items)
            case InputsLogged():
                self._add_inputs(entry)
            case OutputsLogged():
                logged = [Output(item.model_id, item.step) for item in entry.items]
                self.outputs += [output for output in logged if output not in self.outputs]
            case StatusChanged():
                self.status = entry.status or self.status
                self.name = entry.run_name or self.name
                self.ended_ms = self.ended_ms if entry.end_time is UNSET else entry.end_time
                _update(self, entry, ("user", "started_ms", "deleted", "experiment_id"))

    def _add_point(self, item: MetricItem, attempt: int) -> None:
        point = Point(item.value, item.step or 0, item.timestamp or 0, attempt)
        self.metrics.setdefault(item.key, Points()).add(point)

    def _add_inputs(self, entry: InputsLogged) -> None:
        """Add datasets and models. A dataset with a known name and digest only adds its new tags."""
        known = {(read.name, read.digest): place for place, read in enumerate(self.inputs)}
        for item in entry.items:
            place = known.get((item.name, item.digest))
            if place is None:
                self.inputs.append(Input(**structs.asdict(item)))
            else:
                tags = {**self.inputs[place].tags, **item.tags}
                self.inputs[place] = Input(**{**structs.asdict(item), "tags": tags})
        models = [Output(model_id) for model_id in entry.models]
        self.model_inputs += [read for read in models if read not in self.model_inputs]


class Tracked(RunData):
    """The run's own data, and everything else that its script recorded.

    runs: further runs that the script opened, by id. experiments: those that it named, by id.
    registered: registered model versions, "name:version". traces: ids. refused: by request, "POST runs/...".
    left_out: what the script left and the run does not keep, by path: "a link that leads out of the run's folder".
    damaged: what is wrong with event files of TensorBoard that cannot be read to their ends, by path.
    unreadable: the number of events in the journal that are damaged or written by a later version of dressage.
    """

    runs: dict[str, RunData] = {}
    models: dict[str, LoggedModel] = {}
    experiments: dict[str, Experiment] = {}
    registered: list[str] = []
    traces: list[str] = []
    refused: dict[str, Refusal] = {}
    left_out: dict[str, str] = {}
    damaged: dict[str, str] = {}
    unreadable: int = 0

    def apply(self, entry: Entry) -> None:
        """Apply one entry of the journal; entries of other kinds are ignored, unreadable ones are counted."""
        match entry:
            case UnreadableEntry():
                self.unreadable += 1
            case BatchLogged():
                for part in entry.parts:
                    self.apply(structs.replace(part, attempt=entry.attempt, run=entry.run))
            case RunOpened():
                opened = self.runs[entry.run] = RunData(entry.run, entry.name, attempt=entry.attempt or 1)
                _update(opened, entry, ("user", "started_ms", "experiment_id"))
            case ExperimentChanged():
                self._change_experiment(entry)
            case ModelCreated():
                fields = {name: getattr(entry, name) for name in _MODEL_FIELDS}
                self.models[entry.model_id] = LoggedModel(**fields, attempt=entry.attempt or 1)
            case ModelChanged():
                self._change_model(entry)
            case VersionRegistered():
                self._register(f"{entry.name}:{entry.version}", entry.model_id)
            case TraceLogged():
                self.traces.append(entry.trace_id)
            case TraceDeleted():
                self.traces = [trace_id for trace_id in self.traces if trace_id != entry.trace_id]
            case RequestRefused():
                before = self.refused.get(entry.request)
                message = before.message if before else entry.message
                self.refused[entry.request] = Refusal(entry.count, message)
            case Recording():
                self._apply_data(entry)

    def _apply_data(self, entry: Recording) -> None:
        run = self.runs.get(entry.run) if entry.run is not None else self
        if run is None:
            return
        run.apply_data(entry)
        if isinstance(entry, MetricsLogged):
            self._add_model_metrics(entry.items, run.run_id)
            if entry.file is not None and entry.problem is not None:
                self.damaged[entry.file] = entry.problem

    def _change_experiment(self, entry: ExperimentChanged) -> None:
        experiment = self.experiments.get(entry.experiment_id)
        if experiment is None:
            if entry.name is UNSET:
                self.unreadable += 1  # the entry that created it is damaged
                return
            experiment = Experiment(experiment_id=entry.experiment_id, name=entry.name)
            self.experiments[entry.experiment_id] = experiment
        _update(experiment, entry, ("name", "created_ms", "updated_ms", "deleted"))
        _set_or_delete(experiment.tags, entry.tags or ())
        names = [named.name for key, named in self.experiments.items() if key != "0"]
        if names:
            self.tags["dressage.experiments"] = ", ".join(names)

    def _change_model(self, entry: ModelChanged) -> None:
        model = self.models.get(entry.model_id)
        if model is None:
            self.unreadable += 1  # the entry that created it is damaged
            return
        model.params |= entry.params or {}
        _set_or_delete(model.tags, entry.tags or ())
        _update(model, entry, ("status", "updated_ms", "deleted"))

    def _register(self, version: str, model_id: str | None) -> None:
        self.registered.append(version)
        if model_id in self.models:
            self.models[model_id].registered.append(version)

    def _add_model_metrics(self, items: Iterable[MetricItem], run_id: str) -> None:
        for item in items:
            model = self.models.get(item.model_id) if item.model_id is not None else None
            if model is not None:
                fields = {name: getattr(item, name) for name in _MODEL_METRIC_FIELDS}
                model.add_metric(
                    ModelMetric(**fields, step=item.step or 0, timestamp=item.timestamp or 0, run_id=run_id)
                )


class Recorded(Struct, frozen=True, kw_only=True):
    """Metrics, parameters and tags of a run that its platform keeps."""

    metrics: Mapping[str, Sequence[Point]] = {}
    params: Mapping[str, str] = {}
    tags: Mapping[str, str] = {}

    def events(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Return them as events of a journal: the kind and the items of each."""
        points = [
            {"key": key, "value": point.value, "step": point.step, "timestamp": point.timestamp}
            for key, values in self.metrics.items()
            for point in values
        ]
        pairs = {"params": self.params, "tags": self.tags}
        events = [("metrics", points)]
        events += [(k, [{"key": key, "value": v} for key, v in kept.items()]) for k, kept in pairs.items()]
        yield from ((event, items) for event, items in events if items)


def _set_or_delete(values: dict[str, str], items: Iterable[TagItem]) -> None:
    for item in items:
        if item.value is None:
            values.pop(item.key, None)
        else:
            values[item.key] = item.value


def _update(record: Any, entry: Entry, names: Iterable[str]) -> None:
    """Copy the fields that the entry has."""
    for name in names:
        value = getattr(entry, name)
        if value is not UNSET:
            setattr(record, name, value)
