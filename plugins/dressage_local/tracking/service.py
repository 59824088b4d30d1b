"""What MLflow's REST protocol asks of one run, answered from its journal and written to it.

Source: MLflow's REST API reference (https://mlflow.org/docs/latest/rest-api.html), version 2.0.

Artifacts have a plain folder as their address, so that the client copies them there itself: no upload goes
through this process, whatever their size, and they are seen while the run goes on.
"""

import math
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dressage.journal import Journal
from dressage.tracked import Point, Tracked
from dressage_local.tracking.errors import invalid, missing

EXPERIMENT_ID = "0"
_LONGEST_KEY = 250
_LONGEST_PARAM = 6000
_LONGEST_TAG = 8000

Arguments = Mapping[str, Any]
Answer = dict[str, Any]


class RunIdentity(NamedTuple):
    """Whose endpoint it is. started_ms: since 1970, UTC. artifacts: the folder for logged files."""

    run_id: str
    experiment: str
    name: str
    started_ms: int
    artifacts: Path
    attempt: int


class _Run:
    """The record of the run itself, or of one that the script opened below it."""

    def __init__(self, run_id: str, name: str, started_ms: int, artifacts: Path) -> None:
        self.run_id = run_id
        self.name = name
        self.started_ms = started_ms
        self.artifacts = artifacts
        self.status = "RUNNING"
        self.ended_ms: int | None = None
        self.tracked = Tracked()

    @property
    def info(self) -> Answer:
        info = {
            "run_id": self.run_id,
            "run_uuid": self.run_id,
            "run_name": self.name,
            "experiment_id": EXPERIMENT_ID,
            "user_id": "",
            "status": self.status,
            "start_time": self.started_ms,
            "artifact_uri": str(self.artifacts),
            "lifecycle_stage": "active",
        }
        return info if self.ended_ms is None else {**info, "end_time": self.ended_ms}

    def as_json(self) -> Answer:
        latest = {key: _latest(points) for key, points in self.tracked.metrics.items()}
        return {
            "info": self.info,
            "data": {
                "metrics": [_metric(key, point) for key, point in latest.items()],
                "params": _pairs(self.tracked.params),
                "tags": _pairs({"mlflow.runName": self.name, **self.tracked.tags}),
            },
            "inputs": {},
        }


class TrackingService:
    """Every method in `ROUTES` takes the request's arguments and answers with JSON, or raises a RefusedError."""

    def __init__(self, journal: Journal, run: RunIdentity) -> None:
        self._journal = journal
        self._identity = run
        self._lock = threading.RLock()
        own = _Run(run.run_id, run.name, run.started_ms, run.artifacts)
        self._runs = {run.run_id: own}
        for event in journal.events():
            self._replay(event)

    def answer(self, route: "Callable[[TrackingService, Arguments], Answer]", arguments: Arguments) -> Answer:
        """One request at a time: none sees what another has half written."""
        with self._lock:
            return route(self, arguments)

    def get_run(self, arguments: Arguments) -> Answer:
        return {"run": self._run(arguments).as_json()}

    def create_run(self, arguments: Arguments) -> Answer:
        """A run that the script opens beside or below its own; its record is kept apart from the run's."""
        run_id = uuid.uuid4().hex
        name = arguments.get("run_name") or f"run-{run_id[:8]}"
        self._write(
            "tracking.run", run_id, name=name, started_ms=int(arguments.get("start_time") or _now_ms())
        )
        if tags := arguments.get("tags"):
            self._write("tags", run_id, items=_items(tags))
        return {"run": self._runs[run_id].as_json()}

    def update_run(self, arguments: Arguments) -> Answer:
        """The client's word on how it ended is noted; the script's exit code decides."""
        run = self._run(arguments)
        fields = {key: arguments[key] for key in ("status", "end_time", "run_name") if key in arguments}
        self._write("tracking.status", run.run_id, **fields)
        return {"run_info": run.info}

    def log_metric(self, arguments: Arguments) -> Answer:
        self._write("metrics", self._run(arguments).run_id, items=[_checked_metric(arguments)])
        return {}

    def log_parameter(self, arguments: Arguments) -> Answer:
        self._log_params(self._run(arguments), [arguments])
        return {}

    def set_tag(self, arguments: Arguments) -> Answer:
        self._write("tags", self._run(arguments).run_id, items=_items([arguments]))
        return {}

    def delete_tag(self, arguments: Arguments) -> Answer:
        run = self._run(arguments)
        if arguments.get("key") not in run.tracked.tags:
            raise missing(f"run {run.run_id!r} has no tag {arguments.get('key')!r}")
        self._write("tags", run.run_id, items=[{"key": arguments["key"], "value": None}])
        return {}

    def log_batch(self, arguments: Arguments) -> Answer:
        run = self._run(arguments)
        metrics = [_checked_metric(metric) for metric in arguments.get("metrics") or ()]
        tags = _items(arguments.get("tags") or ())
        self._log_params(run, arguments.get("params") or ())
        if metrics:
            self._write("metrics", run.run_id, items=metrics)
        if tags:
            self._write("tags", run.run_id, items=tags)
        return {}

    def accept(self, arguments: Arguments) -> Answer:
        """What some clients send along and nothing here needs."""
        self._run(arguments)
        return {}

    def metric_history(self, arguments: Arguments) -> Answer:
        key = arguments.get("metric_key")
        points = self._run(arguments).tracked.metrics.get(str(key), [])
        return {"metrics": [_metric(str(key), point) for point in points]}

    def experiment(self, arguments: Arguments) -> Answer:
        """There is one experiment, the run's; scripts that name another are told so."""
        name = arguments.get("experiment_name")
        if name is not None and name != self._identity.experiment:
            raise missing(f"this run belongs to experiment {self._identity.experiment!r}, not {name!r}")
        if str(arguments.get("experiment_id", EXPERIMENT_ID)) != EXPERIMENT_ID:
            raise missing(f"this run's experiment has the id {EXPERIMENT_ID}")
        return {"experiment": self._experiment}

    def create_experiment(self, arguments: Arguments) -> Answer:
        if arguments.get("name") != self._identity.experiment:
            name = self._identity.experiment
            raise invalid(
                f"this run belongs to experiment {name!r}; choose another with `dressage run --experiment`"
            )
        return {"experiment_id": EXPERIMENT_ID}

    def search_experiments(self, _: Arguments) -> Answer:
        return {"experiments": [self._experiment]}

    def search_runs(self, _: Arguments) -> Answer:
        """All of this script's runs, whatever the filter."""
        return {"runs": [run.as_json() for run in self._runs.values()]}

    def list_artifacts(self, arguments: Arguments) -> Answer:
        run = self._run(arguments)
        folder = (run.artifacts / str(arguments.get("path") or "")).resolve()
        if not folder.is_relative_to(run.artifacts.resolve()):
            raise invalid(f"artifact path {arguments.get('path')!r} leaves the run's folder")
        entries = sorted(folder.iterdir()) if folder.is_dir() else []
        return {
            "root_uri": str(run.artifacts),
            "files": [_listed(entry, run.artifacts.resolve()) for entry in entries],
        }

    @property
    def _experiment(self) -> Answer:
        return {
            "experiment_id": EXPERIMENT_ID,
            "name": self._identity.experiment,
            "artifact_location": str(self._identity.artifacts),
            "lifecycle_stage": "active",
        }

    def _run(self, arguments: Arguments) -> _Run:
        run_id = str(arguments.get("run_id") or arguments.get("run_uuid") or "")
        if run_id not in self._runs:
            raise missing(f"run {run_id!r} is not this script's; it records to {self._identity.run_id!r}")
        return self._runs[run_id]

    def _log_params(self, run: _Run, params: Iterable[Arguments]) -> None:
        """A parameter that was logged keeps its value; a resumed run may log the same again."""
        items = [_checked_item(param, _LONGEST_PARAM) for param in params]
        for item in items:
            before = run.tracked.params.get(item["key"], item["value"])
            if before != item["value"]:
                raise invalid(
                    f"parameter {item['key']!r} was logged as {before!r} and cannot be changed to {item['value']!r}"
                )
        if items:
            self._write("params", run.run_id, items=items)

    def _write(self, event: str, run_id: str, **fields: Any) -> None:
        """Into the journal first; only what is there has happened."""
        whose = {} if run_id == self._identity.run_id else {"run": run_id}
        with self._lock:
            self._journal.append(event, attempt=self._identity.attempt, **whose, **fields)
            self._replay({"event": event, "attempt": self._identity.attempt, **whose, **fields})

    def _replay(self, event: Mapping[str, Any]) -> None:
        run_id = event.get("run", self._identity.run_id)
        match event["event"]:
            case "tracking.run":
                artifacts = self._identity.artifacts / "runs" / run_id
                self._runs[run_id] = _Run(run_id, event["name"], event["started_ms"], artifacts)
            case "tracking.status" if run_id in self._runs:
                run = self._runs[run_id]
                run.status = event.get("status") or run.status
                run.name = event.get("run_name") or run.name
                run.ended_ms = event.get("end_time") or run.ended_ms
            case _ if run_id in self._runs:
                self._runs[run_id].tracked.apply({key: value for key, value in event.items() if key != "run"})


ROUTES: dict[tuple[str, str], Callable[[TrackingService, Arguments], Answer]] = {
    ("GET", "runs/get"): TrackingService.get_run,
    ("POST", "runs/create"): TrackingService.create_run,
    ("POST", "runs/update"): TrackingService.update_run,
    ("POST", "runs/search"): TrackingService.search_runs,
    ("POST", "runs/log-metric"): TrackingService.log_metric,
    ("POST", "runs/log-batch"): TrackingService.log_batch,
    ("POST", "runs/log-parameter"): TrackingService.log_parameter,
    ("POST", "runs/set-tag"): TrackingService.set_tag,
    ("POST", "runs/delete-tag"): TrackingService.delete_tag,
    ("POST", "runs/log-inputs"): TrackingService.accept,
    ("POST", "runs/outputs"): TrackingService.accept,
    ("POST", "runs/log-model"): TrackingService.accept,
    ("GET", "metrics/get-history"): TrackingService.metric_history,
    ("GET", "experiments/get"): TrackingService.experiment,
    ("GET", "experiments/get-by-name"): TrackingService.experiment,
    ("POST", "experiments/create"): TrackingService.create_experiment,
    ("POST", "experiments/search"): TrackingService.search_experiments,
    ("GET", "experiments/search"): TrackingService.search_experiments,
    ("GET", "artifacts/list"): TrackingService.list_artifacts,
}


def _checked_metric(metric: Arguments) -> dict[str, Any]:
    try:
        return {
            "key": _key(metric),
            "value": float(metric["value"]),
            "step": int(metric.get("step") or 0),
            "timestamp": int(metric.get("timestamp") or _now_ms()),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise invalid(
            f"metric {metric.get('key')!r} has the value {metric.get('value')!r}, not a number"
        ) from error


def _checked_item(item: Arguments, longest: int) -> dict[str, str]:
    value = str(item.get("value", ""))
    if len(value) > longest:
        raise invalid(f"the value of {_key(item)!r} has {len(value)} characters, {longest} at most are kept")
    return {"key": _key(item), "value": value}


def _items(tags: Iterable[Arguments]) -> list[dict[str, str]]:
    return [_checked_item(tag, _LONGEST_TAG) for tag in tags]


def _key(item: Arguments) -> str:
    key = item.get("key")
    if not isinstance(key, str) or not 0 < len(key) <= _LONGEST_KEY:
        raise invalid(f"key {key!r} must have between 1 and {_LONGEST_KEY} characters")
    return key


def _metric(key: str, point: Point) -> Answer:
    """JSON has no word for what is not a number; protocol buffers' JSON has these, quoted."""
    value: float | str = point.value
    if not math.isfinite(point.value):
        value = "NaN" if math.isnan(point.value) else "Infinity" if point.value > 0 else "-Infinity"
    return {"key": key, "value": value, "step": point.step, "timestamp": point.timestamp}


def _latest(points: list[Point]) -> Point:
    return max(points, key=lambda point: (point.step, point.timestamp))


def _pairs(values: Mapping[str, str]) -> list[Answer]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _listed(entry: Path, root: Path) -> Answer:
    path = entry.relative_to(root).as_posix()
    if entry.is_dir():
        return {"path": path, "is_dir": True}
    return {"path": path, "is_dir": False, "file_size": entry.stat().st_size}


def _now_ms() -> int:
    return int(time.time() * 1000)
