"""Copy entries of a journal. Each step can be repeated: after a crash, the same entries arrive again."""

from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput, Metric, Param, RunTag
from mlflow.entities.logged_model_status import LoggedModelStatus

from failures import is_refusal, shorten
from target import MODEL, OFFSET

STATES = {
    "Queued": "SCHEDULED",
    "Preparing": "SCHEDULED",
    "Running": "RUNNING",
    "Finalizing": "RUNNING",
    "Completed": "FINISHED",
    "Failed": "FAILED",
    "Canceled": "KILLED",
}
ENDED = ("Completed", "Failed", "Canceled")
_MOST_METRICS, _MOST_PAIRS = 1000, 100
"""How many of each MLflow accepts in one request."""


class Notes(list):
    """Lines about what was left out."""

    def attempt(self, what, call, *arguments, **named):
        """Call the client; note a refusal. Return whether it was accepted."""
        try:
            call(*arguments, **named)
        except Exception as error:
            if not is_refusal(error):
                raise
            self.append(f"{what} was refused: {shorten(error)}")
            return False
        return True


def apply(target, entries):
    """Copy entries, [[end, entry], ...]; return lines about what was left out."""
    notes, pending = Notes(), Pending(target)
    new = [(end, entry) for end, entry in entries if end > target.offset]
    if target.is_deleted:
        return ["the run is deleted on the server: nothing is copied"] if new else []
    for _, entry in new:
        _apply(target, entry, pending, notes)
    pending.flush(notes)
    if new:
        target.client.set_tag(target.id, OFFSET, str(new[-1][0]))
        target.offset = new[-1][0]
    return notes


class Pending:
    """Metrics, parameters and tags that are not sent yet, by run: many entries make few requests."""

    def __init__(self, target):
        self.target = target
        self.values = {}

    def add(self, run_id, kind, values):
        self.values.setdefault(run_id, {"metrics": [], "params": [], "tags": []})[kind] += values

    def flush(self, notes):
        for run_id, values in self.values.items():
            self._send(run_id, values, notes)
        self.values = {}

    def _send(self, run_id, values, notes):
        client = self.target.client
        for start in range(0, len(values["metrics"]), _MOST_METRICS):
            part = values["metrics"][start : start + _MOST_METRICS]
            self._batch(client, run_id, part, "metrics", notes)
        for kind in ("params", "tags"):
            for start in range(0, len(values[kind]), _MOST_PAIRS):
                self._batch(client, run_id, values[kind][start : start + _MOST_PAIRS], kind, notes)

    @staticmethod
    def _batch(client, run_id, values, kind, notes):
        """Send values together; if the server refuses one, send them one by one."""
        try:
            client.log_batch(run_id, **{kind: values})
        except Exception as error:
            if not is_refusal(error):
                raise
            for value in values:
                notes.attempt(f"{kind[:-1]} {value.key!r}", client.log_batch, run_id, **{kind: [value]})


def _apply(target, entry, pending, notes):
    kind = entry.get("event")
    run_id = target.run_id(entry.get("run"))
    if kind == "batch":
        for part in entry["parts"]:
            _apply(target, {**entry, **part}, pending, notes)
    elif kind in ("metrics", "params", "tags") and run_id:
        _VALUES[kind](target, run_id, entry, pending, notes)
    elif kind in _OTHERS:
        pending.flush(notes)
        _OTHERS[kind](target, run_id, entry, notes)


def _metrics(target, run_id, entry, pending, notes):
    pending.add(run_id, "metrics", [_metric(target, item) for item in entry["items"]])


def _metric(target, item):
    model = target.model_id(item["model_id"]) if item.get("model_id") else None
    return Metric(
        item["key"],
        float(item["value"]),
        item.get("timestamp") or 0,
        item.get("step") or 0,
        model_id=model,
        dataset_name=item.get("dataset_name"),
        dataset_digest=item.get("dataset_digest"),
    )


def _params(target, run_id, entry, pending, notes):
    pending.add(run_id, "params", [Param(item["key"], item["value"]) for item in entry["items"]])


def _tags(target, run_id, entry, pending, notes):
    for item in entry["items"]:
        key, value = item["key"], item["value"]
        if key == "mlflow.parentRunId":
            value = target.run_id(value)
        if key == "mlflow.runName" and run_id == target.id and target.context["name"]:
            continue  # the user named the run
        if value is None:
            pending.flush(notes)
            _delete_tag(target, run_id, key)
        else:
            pending.add(run_id, "tags", [RunTag(key, value)])


def _delete_tag(target, run_id, key):
    if key in target.client.get_run(run_id).data.tags:
        target.client.delete_tag(run_id, key)


def _state(target, run_id, entry, notes):
    state, client = entry["state"], target.client
    tags = {"dressage.state": state, "dressage.reason": entry.get("reason") or ""}
    for key, value in tags.items():
        client.set_tag(target.id, key, value[:5000])
    if state in ENDED:
        client.set_terminated(target.id, STATES[state], entry["ended_ms"])
    else:
        client.update_run(target.id, STATES[state])


def _resumed(target, run_id, entry, notes):
    target.client.update_run(target.id, "SCHEDULED")
    target.client.set_tag(target.id, "dressage.attempt", str(entry["attempt"]))


def _stage(target, run_id, entry, notes):
    handle = entry.get("handle") or {}
    version = handle.get("version") or str(handle.get("key") or "")[:12]
    if "name" in handle:
        name = f"{handle['name']}:{version}" if version else handle["name"]
        target.client.set_tag(target.id, f"dressage.{entry['stage']}", name)


def _child(target, run_id, entry, notes):
    target.create_child(
        entry["run"],
        entry.get("experiment_id", "0"),
        entry["name"],
        entry.get("started_ms"),
        entry.get("user"),
    )


def _status(target, run_id, entry, notes):
    if run_id is None or run_id == target.id:
        return  # the platform decides the state of the run itself
    client = target.client
    if "deleted" in entry:
        (client.delete_run if entry["deleted"] else client.restore_run)(run_id)
    if entry.get("end_time") and entry.get("status"):
        client.set_terminated(run_id, entry["status"], entry["end_time"])
    elif entry.get("status"):
        client.update_run(run_id, entry["status"])


def _experiment(target, run_id, entry, notes):
    if entry.get("name"):
        target.experiments[entry["experiment_id"]] = entry["name"]


def _inputs(target, run_id, entry, notes):
    datasets = [
        DatasetInput(
            Dataset(
                item["name"],
                item["digest"],
                item["source_type"] or "local",
                item["source"],
                item.get("schema"),
                item.get("profile"),
            ),
            [InputTag(key, value) for key, value in item["tags"].items()],
        )
        for item in entry["items"]
    ]
    if datasets and run_id:
        notes.attempt("an input", target.client.log_inputs, run_id, datasets)


def _outputs(target, run_id, entry, notes):
    known = [(target.model_id(item["model_id"]), item["step"]) for item in entry["items"]]
    outputs = [LoggedModelOutput(model, step) for model, step in known if model]
    if outputs and run_id:
        notes.attempt("an output", target.client.log_outputs, run_id, outputs)


def _model(target, run_id, entry, notes):
    source = entry.get("source_run_id")
    create = {
        "name": entry["name"],
        "source_run_id": target.run_id(source) if source else None,
        "tags": {**(entry.get("tags") or {}), MODEL: entry["model_id"]},
        "params": entry.get("params") or {},
        "model_type": entry.get("model_type"),
    }
    target.model_id(entry["model_id"], entry.get("experiment_id", "0"), create)


def _model_changed(target, run_id, entry, notes):
    model, client = target.model_id(entry["model_id"]), target.client
    if model is None:
        return
    if entry.get("params"):
        notes.attempt("a model's parameters", client.log_model_params, model, entry["params"])
    for tag in entry.get("tags") or ():
        if tag["value"] is not None:
            client.set_logged_model_tags(model, {tag["key"]: tag["value"]})
        elif tag["key"] in client.get_logged_model(model).tags:
            client.delete_logged_model_tag(model, tag["key"])
    if entry.get("status") in ("READY", "FAILED"):
        status = LoggedModelStatus(entry["status"])
        notes.attempt("a model's status", client.finalize_logged_model, model, status)
    if entry.get("deleted"):
        client.delete_logged_model(model)


_VALUES = {"metrics": _metrics, "params": _params, "tags": _tags}
_OTHERS = {
    "state": _state,
    "run.resumed": _resumed,
    "stage.finished": _stage,
    "tracking.run": _child,
    "tracking.status": _status,
    "tracking.experiment": _experiment,
    "tracking.model": _model,
    "tracking.model_changed": _model_changed,
    "inputs": _inputs,
    "outputs": _outputs,
}
