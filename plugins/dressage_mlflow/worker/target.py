"""The copy of a run on a server: found by the tag dressage.run_id, or created."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from failures import ProblemError

os.environ.update(
    {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        # The delivering process tries again later; here a server that is down must be noticed at once.
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
        "GIT_PYTHON_REFRESH": "quiet",
    }
)

from mlflow import MlflowClient
from mlflow.entities import ViewType

RUN = "dressage.run_id"
CHILD = "dressage.mlflow_run"
"""The tag of a further run that the script opened: its id in the record."""
OFFSET = "dressage.copied_bytes"
"""The tag with the byte of the journal up to which entries are copied."""
MODEL = "dressage.model_id"


class Targets:
    """The copies that this process knows, by address and run."""

    def __init__(self):
        self.known = {}

    def find(self, address, credentials, run):
        _sign_in(credentials)
        return self.known.get((address, run))

    def open(self, address, run, context):
        target = Target(address, run, context)
        self.known[address, run] = target
        return target


class Target:
    """One run's copy. id: of the copy. offset: of the journal, up to which it is copied.

    context: user, experiment, name, tags, created_ms of the run; from earlier entries: the names of experiments by
    id, and the experiments of further runs by id.
    """

    def __init__(self, address, run, context):
        self.client = MlflowClient(address, address)
        self.address = address
        self.run = run
        self.context = context
        self.experiments = dict(context["experiments"])
        self.runs = dict(context["runs"])
        self.models = {}
        self._experiment_ids = {}
        self._run_ids = {}
        found = self._find(RUN, run, self.experiment_id("0"))
        self.is_deleted = found is not None and found.info.lifecycle_stage == "deleted"
        self.id = found.info.run_id if found else self._create(RUN, run, "0", context["name"] or run, context)
        self.offset = int(found.data.tags.get(OFFSET, 0)) if found else 0

    def experiment_id(self, key):
        """Return the experiment on the server. key: its id in the record; "0" is the run's own."""
        name = (
            self.context["experiment"]
            if key == "0"
            else self.experiments.get(key, self.context["experiment"])
        )
        if name not in self._experiment_ids:
            found = self.client.get_experiment_by_name(name)
            if found and found.lifecycle_stage == "deleted":
                raise ProblemError("unreachable", f"experiment {name!r} is deleted on the server; restore it")
            self._experiment_ids[name] = found.experiment_id if found else self._create_experiment(name)
        return self._experiment_ids[name]

    def run_id(self, child):
        """Return the id of the copy of a further run, or of the run itself (None)."""
        if child is None or child == self.run:
            return self.id
        if child not in self._run_ids:
            key = self.runs.get(child, "0")
            found = self._find(CHILD, child, self.experiment_id(key))
            self._run_ids[child] = found.info.run_id if found else None
        return self._run_ids[child]

    def create_child(self, child, key, name, started_ms, user):
        self.runs[child] = key
        if self.run_id(child) is None:
            about = {"created_ms": started_ms, "user": user, "tags": {}}
            self._run_ids[child] = self._create(CHILD, child, key, name, about)

    def model_id(self, model, key="0", create=None):
        """Return the id of the copy of a logged model; None if there is none. create: arguments to create it with."""
        if model not in self.models:
            found = self.client.search_logged_models(
                [self.experiment_id(key)], f"tags.`{MODEL}` = '{model}'", max_results=1
            )
            if found:
                self.models[model] = found[0].model_id
            elif create is not None:
                made = self.client.create_logged_model(self.experiment_id(key), **create)
                self.models[model] = made.model_id
        return self.models.get(model)

    def _find(self, tag, value, experiment_id):
        found = self.client.search_runs(
            [experiment_id], f"tags.`{tag}` = '{value}'", run_view_type=ViewType.ALL, max_results=1
        )
        return found[0] if found else None

    def _create(self, tag, value, key, name, about):
        tags = {**about["tags"], tag: value, **({"mlflow.user": about["user"]} if about["user"] else {})}
        made = self.client.create_run(
            self.experiment_id(key), start_time=about["created_ms"], tags=tags, run_name=name
        )
        return made.info.run_id

    def _create_experiment(self, name):
        location = _artifacts_of(self.address)
        return self.client.create_experiment(name, artifact_location=location and f"{location}/{name}")


def _artifacts_of(address):
    """Return where the artifacts of a SQLite store are: a folder beside it; None to let a server decide."""
    if not address.startswith("sqlite:"):
        return None
    store = Path("/" + urlsplit(address).path.lstrip("/"))
    return store.with_name(f"{store.stem}-artifacts").as_uri()


def _sign_in(credentials):
    if credentials:
        os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"] = credentials
