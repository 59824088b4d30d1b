"""A run of the SDK that is recorded in the dressage run."""

import json
import os
import re
from types import GeneratorType
from urllib.parse import unquote, urlsplit

from azureml.core.run import _OfflineRun
from azureml.exceptions import UserErrorException

from dressage_recorder.endpoint import Endpoint, now
from dressage_recorder.files import copy_to, place_below

_STEPS = {}
"""The next step of each metric. Each call of `get_context` returns another object for the same run."""
_ENDPOINT = Endpoint(os.environ["MLFLOW_TRACKING_URI"], os.environ["MLFLOW_TRACKING_TOKEN"])


def extend_offline_run():
    """Replace the methods of the SDK's offline run by those of RecordedRun. Its class and its id stay: scripts use
    them to find out whether they run in Azure.
    """
    for name, value in vars(RecordedRun).items():
        if not name.startswith("__") or name in ("__enter__", "__exit__"):
            setattr(_OfflineRun, name, value)


class RecordedRun:
    """Methods of an offline run that is recorded."""

    _recorded_id = os.environ["DRESSAGE_RUN_ID"]
    _is_child = False
    _steps = _STEPS
    _print_failure = _OfflineRun.fail

    @property
    def input_datasets(self):
        """The folders of the run's inputs by name, as the SDK gives them in Azure."""
        return Inputs()

    def log(self, name, value, description="", step=None):
        if isinstance(value, (list, range, GeneratorType)):
            raise UserErrorException("run.log does not support list type. Use run.log_list instead")
        self._log([(name, value)], step)

    def log_list(self, name, value, description=""):
        self._log([(name, each) for each in value])

    def log_row(self, name, description=None, **kwargs):
        self._log([("{}.{}".format(name, column), value) for column, value in kwargs.items()])

    def log_table(self, name, value, description=""):
        for column, values in value.items():
            cells = values if isinstance(values, (list, tuple)) else [values]
            self._log([("{}.{}".format(name, column), each) for each in cells])

    def log_image(self, name, path=None, plot=None, description=""):
        if (path is None) == (plot is None):
            raise UserErrorException("run.log_image needs either path or plot")
        if plot is not None:
            plot.savefig(self._free_place(name, ".png"), format="png")
        else:
            suffix = "" if hasattr(path, "read") else os.path.splitext(path)[1]
            copy_to(self._free_place(name, suffix or ".png"), path)

    def log_confusion_matrix(self, name, value, description=""):
        self._log_json(name, value)

    log_accuracy_table = log_residuals = log_predictions = log_confusion_matrix

    def tag(self, key, value=None):
        self.set_tags({key: value})

    def set_tags(self, tags):
        items = [{"key": str(key), "value": _text(value)} for key, value in tags.items()]
        self._send("runs/log-batch", tags=items)

    def add_properties(self, properties):
        self.set_tags(properties)

    def upload_file(self, name, path_or_stream, datastore_name=None):
        copy_to(self._place(name), path_or_stream)

    def upload_files(self, names, paths, return_artifacts=False, timeout_seconds=None, datastore_name=None):
        if len(names) != len(paths):
            raise TypeError("names and paths must be lists of equal lengths")
        for name, path in zip(names, paths):  # noqa: B905 - Python 3.6
            self.upload_file(name, path)

    def upload_folder(self, name, path, datastore_name=None):
        for folder, _, files in os.walk(path):
            for file in files:
                source = os.path.join(folder, file)
                self.upload_file(os.path.join(name, os.path.relpath(source, path)), source)

    def child_run(self, name=None, run_id=None, outputs=None):
        """Return a run below this one; the script's MLflow runs are shown with it."""
        child = _OfflineRun(parent_logger=self._logger, run_id=run_id)
        child._is_child, child._steps = True, {}
        tags = [{"key": "mlflow.parentRunId", "value": self._recorded_id}]
        answer = _ENDPOINT.send("POST", "runs/create", {"run_name": name or child.id, "tags": tags})
        child._recorded_id = answer.get("run", {}).get("info", {}).get("run_id", self._recorded_id)
        return child

    def complete(self):
        self._end("FINISHED")

    def cancel(self):
        self._end("KILLED")

    def fail(self, error_details=None, error_code=None):
        self._print_failure(error_details, error_code)
        self._end("FAILED")

    def __enter__(self):
        return self

    def __exit__(self, exit_type, value, traceback):
        self._end("FAILED" if exit_type else "FINISHED")

    def flush(self, timeout_seconds=300):
        """Do nothing: each request was answered."""

    def _end(self, status):
        """Record the end of a child run. The exit code of the script is the end of the run itself."""
        if self._is_child:
            self._send("runs/update", status=status, end_time=now())

    def _log(self, values, step=None):
        """Record one value of each metric; without a step, it follows the metric's last one."""
        metrics, tags = [], []
        for name, value in values:
            number = _number(value)
            if number is None:
                tags.append({"key": name, "value": _text(value)})
                continue
            place = self._steps.get(name, 0) if step is None else int(step)
            self._steps[name] = place + 1
            metrics.append({"key": name, "value": number, "step": place, "timestamp": now()})
        self._send("runs/log-batch", metrics=metrics, tags=tags)

    def _log_json(self, name, value):
        with open(self._place(name + ".json"), "w") as file:
            file.write(value if isinstance(value, str) else json.dumps(value, default=_number))

    def _send(self, path, **fields):
        _ENDPOINT.send("POST", path, dict(fields, run_id=self._recorded_id))

    def _place(self, name):
        return place_below(self._artifacts(), name)

    def _free_place(self, name, suffix):
        """Return the path of an artifact that does not exist: the SDK keeps each image of one name."""
        place, count = self._place(name + suffix), 1
        while os.path.exists(place):
            count += 1
            place = self._place("{}_{}{}".format(name, count, suffix))
        return place

    def _artifacts(self):
        answer = _ENDPOINT.send("GET", "runs/get?run_id=" + self._recorded_id)
        address = answer.get("run", {}).get("info", {}).get("artifact_uri")
        if not address:
            return os.path.abspath("outputs")  # it is kept, too
        return unquote(urlsplit(address).path) if re.match("file:", address) else address


class Inputs(dict):
    """The folders of inputs; "train" is looked up in the variable DRESSAGE_INPUT_TRAIN."""

    def __missing__(self, name):
        try:
            return os.environ["DRESSAGE_INPUT_" + re.sub("[^A-Za-z0-9]", "_", name).upper()]
        except KeyError:
            raise KeyError(name) from None


def _number(value):
    """Return the value as a number; None if it is not one."""
    if isinstance(value, str):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _text(value):
    return "" if value is None else str(value)
