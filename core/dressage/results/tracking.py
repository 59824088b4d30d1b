"""What a script recorded, read from the journal: the run's own data, and the runs, models and traces it created.

Events, as the tracking endpoint writes them:
    metrics                  items: {"key", "value", "step", "timestamp"}, and where logged for a model or a dataset
                             "model_id", "dataset_name", "dataset_digest"
                             where read from an event file of TensorBoard: file, its path in the working directory;
                             end, the byte up to which it was read; problem, why not to its end
    params                   items: {"key", "value"}
    tags                     items: {"key", "value"}; a value of None deletes the tag
    inputs                   items: the fields of Input
    outputs                  items: the fields of Output
    batch                    parts: several of these events of one run, all or none of which are in the journal
    tracking.run             run, name, started_ms, user, experiment_id: the script opened another run
    tracking.status          status, end_time, run_name, started_ms, deleted, experiment_id: those that changed
    tracking.experiment      experiment_id, and the fields of Experiment that changed; the first event creates it
    tracking.model           model_id, name, ...: the script began to log a model
    tracking.model_changed   model_id, and the fields of LoggedModel that changed
    tracking.registered      name, version, model_id: the script registered a model version
    tracking.trace           trace_id
    tracking.trace_deleted   trace_id
    tracking.refused         request, count, message: a request that was refused
An event with a "run" belongs to a further run that the script opened.
Times in milliseconds are since 1970 in UTC, as in MLflow's protocol.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from dressage.results.metrics import Point, Points, latest_of


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

    def apply_data(self, event: Mapping[str, Any]) -> None:
        """Apply one event of this run; events of other kinds are ignored."""
        match event.get("event"):
            case "metrics":
                for item in event["items"]:
                    self._add_point(item, event.get("attempt", 1))
            case "params":
                self.params.update({item["key"]: item["value"] for item in event["items"]})
            case "tags":
                _set_or_delete(self.tags, event["items"])
            case "inputs":
                self._add_inputs(event)
            case "outputs":
                logged = [Output(item["model_id"], item["step"]) for item in event["items"]]
                self.outputs += [output for output in logged if output not in self.outputs]
            case "tracking.status":
                self.status = event.get("status") or self.status
                self.name = event.get("run_name") or self.name
                self.ended_ms = event.get("end_time", self.ended_ms)
                _update(self, event, ("user", "started_ms", "deleted", "experiment_id"))

    def _add_point(self, item: Mapping[str, Any], attempt: int) -> None:
        point = Point(float(item["value"]), item.get("step") or 0, item.get("timestamp") or 0, attempt)
        self.metrics.setdefault(item["key"], Points()).add(point)

    def _add_inputs(self, event: Mapping[str, Any]) -> None:
        """Add datasets and models. A dataset with a known name and digest only adds its new tags."""
        known = {(read.name, read.digest): place for place, read in enumerate(self.inputs)}
        for item in event["items"]:
            place = known.get((item["name"], item["digest"]))
            if place is None:
                self.inputs.append(_input(item))
            else:
                tags = {**self.inputs[place].tags, **item["tags"]}
                self.inputs[place] = _input({**item, "tags": tags})
        models = [Output(model_id) for model_id in event.get("models", ())]
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

    def apply(self, event: Mapping[str, Any]) -> None:
        """Apply one event of the journal; events of other kinds are ignored, unreadable ones are counted."""
        try:
            self._apply(event)
        except (KeyError, TypeError, ValueError, AttributeError):
            self.unreadable += 1

    def _apply(self, event: Mapping[str, Any]) -> None:
        run = self.runs.get(event["run"]) if "run" in event else self
        match event.get("event"):
            case "batch":
                for part in event["parts"]:
                    self.apply({**event, **part})
            case "tracking.run":
                opened = self.runs[event["run"]] = RunData(event["run"], event["name"])
                _update(opened, event, ("user", "started_ms", "experiment_id", "attempt"))
            case "tracking.experiment":
                self._change_experiment(event)
            case "tracking.model":
                model = {key: value for key, value in event.items() if key in LoggedModel.__struct_fields__}
                self.models[event["model_id"]] = LoggedModel(**model)
            case "tracking.model_changed":
                self._change_model(event)
            case "tracking.registered":
                self._register(f"{event['name']}:{event['version']}", event.get("model_id"))
            case "tracking.trace":
                self.traces.append(event["trace_id"])
            case "tracking.trace_deleted":
                self.traces.remove(event["trace_id"])
            case "tracking.refused":
                before = self.refused.get(event["request"])
                message = before.message if before else event["message"]
                self.refused[event["request"]] = Refusal(event["count"], message)
            case _ if run is not None:
                run.apply_data(event)
                if event.get("event") == "metrics":
                    self._add_model_metrics(event["items"], run.run_id)
                    self.damaged |= {event["file"]: event["problem"]} if "problem" in event else {}

    def _change_experiment(self, event: Mapping[str, Any]) -> None:
        experiment_id = event["experiment_id"]
        if experiment_id not in self.experiments:
            self.experiments[experiment_id] = Experiment(experiment_id=experiment_id, name=event["name"])
        experiment = self.experiments[experiment_id]
        _update(experiment, event, ("name", "created_ms", "updated_ms", "deleted"))
        _set_or_delete(experiment.tags, event.get("tags") or ())
        names = [named.name for key, named in self.experiments.items() if key != "0"]
        if names:
            self.tags["dressage.experiments"] = ", ".join(names)

    def _change_model(self, event: Mapping[str, Any]) -> None:
        model = self.models[event["model_id"]]
        model.params |= event.get("params") or {}
        _set_or_delete(model.tags, event.get("tags") or ())
        _update(model, event, ("status", "updated_ms", "deleted"))

    def _register(self, version: str, model_id: str | None) -> None:
        self.registered.append(version)
        if model_id in self.models:
            self.models[model_id].registered.append(version)

    def _add_model_metrics(self, items: Iterable[Mapping[str, Any]], run_id: str) -> None:
        for item in items:
            model = self.models.get(item["model_id"]) if "model_id" in item else None
            if model is not None:
                fields = {name: item[name] for name in ModelMetric.__struct_fields__ if name in item}
                model.add_metric(ModelMetric(**{**fields, "run_id": run_id}))


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


def _input(item: Mapping[str, Any]) -> Input:
    return Input(**{name: value for name, value in item.items() if name in Input.__struct_fields__})


def _set_or_delete(values: dict[str, str], items: Iterable[Mapping[str, Any]]) -> None:
    for item in items:
        if item["value"] is None:
            values.pop(item["key"], None)
        else:
            values[item["key"]] = item["value"]


def _update(record: Any, event: Mapping[str, Any], names: Iterable[str]) -> None:
    """Copy the fields that the event has."""
    for name in names:
        if name in event:
            setattr(record, name, event[name])
