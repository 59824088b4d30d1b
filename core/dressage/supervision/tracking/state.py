"""The state of one run's tracking endpoint, rebuilt from the run's journal."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from dressage.files.disk import describe
from dressage.records.journal import Journal
from dressage.results.entries import (
    Entry,
    RequestRefused,
    StatusChanged,
    UnknownEntry,
    UnreadableEntry,
    entry_of,
)
from dressage.results.tracking import Experiment, LoggedModel, RunData, Tracked
from dressage.supervision.tracking.errors import RefusedError, invalid, missing

if TYPE_CHECKING:
    from dressage.results.versions import Lineage
    from dressage.storage.registry import ModelRegistry

EXPERIMENT_ID = "0"
"""The id of the run's own experiment; further ones get 1, 2, ..."""
Event = tuple[str, dict[str, Any]]
"""An event's name and its fields."""
_REFUSALS = 50
"""How many different refused requests are counted separately; later ones are counted as "other requests"."""


class RunIdentity(NamedTuple):
    """The run that an endpoint serves. started_ms: since 1970, UTC. artifacts: the folder for logged files.

    workspace: the root of the workspace whose registry the script may use.
    """

    run_id: str
    experiment: str
    name: str
    started_ms: int
    artifacts: Path
    attempt: int
    workspace: Path


class TrackingState:
    """The runs, models and experiments that one script recorded. Hold `lock` to read and write.

    is_opened: whether the script has opened the dressage run itself, which is the first run that it opens.
    experiment_id: the experiment that the script named last. A run that is not opened yet belongs to it, because
    MLflow's client refuses to continue a run of another experiment.
    """

    def __init__(self, journal: Journal, identity: RunIdentity) -> None:
        self.identity = identity
        self.lock = threading.RLock()
        self.is_opened = False
        self.experiment_id = EXPERIMENT_ID
        self.tracked = Tracked(identity.run_id, identity.name, started_ms=identity.started_ms)
        self.tracked.experiments[EXPERIMENT_ID] = Experiment(
            experiment_id=EXPERIMENT_ID, name=identity.experiment, created_ms=identity.started_ms
        )
        self._journal = journal
        self._was_opened = False
        for event in journal.events():
            self.tracked.apply(event)
            if isinstance(event, StatusChanged) and event.run is None:
                self._was_opened = True

    @cached_property
    def registry(self) -> "ModelRegistry":
        """The workspace's registered models."""
        from dressage.records.workspace import Workspace
        from dressage.storage.registry import ModelRegistry

        return ModelRegistry(Workspace(self.identity.workspace))

    def lineage(self) -> "Lineage | None":
        """Return the lineage of models that this script registers."""
        from dressage.records.run_folder import RunFolder

        submission = RunFolder(self.identity.artifacts.parent).refresh().the_submission()
        return submission.lineage if submission else None

    def write(self, event: str, run_id: str | None = None, **fields: Any) -> None:
        """Append an event to the journal, then update the state. run_id: of a further run, or None."""
        whose = {} if run_id in (None, self.identity.run_id) else {"run": run_id}
        fields = {"attempt": self.identity.attempt, **whose, **fields}
        entry = _check({"event": event, **fields})
        with self.lock:
            try:
                self._journal.append(event, **fields)
            except OSError as error:  # tell the client that it was not written
                message = f"cannot write the run's journal: {describe(error)}"
                raise RefusedError(507, "INTERNAL_ERROR", message) from error
            self.tracked.apply(entry)

    def write_all(self, events: Sequence[Event], run_id: str | None = None) -> None:
        """Write several events of one run: all of them or, on an error, none."""
        if len(events) == 1:
            self.write(events[0][0], run_id, **events[0][1])
        elif events:
            self.write("batch", run_id, parts=[{"event": event, **fields} for event, fields in events])

    def run(self, run_id: str | None) -> RunData:
        """Return a run. Raises RefusedError if this script did not open it."""
        if not run_id:
            raise invalid("Missing value for required parameter 'run_id'.")
        if run_id == self.identity.run_id:
            return self.tracked
        if run_id not in self.tracked.runs:
            raise missing(f"Run with id={run_id} not found; this script records to {self.identity.run_id!r}")
        return self.tracked.runs[run_id]

    def active_run(self, run_id: str | None) -> RunData:
        """Return a run to write to. Raises RefusedError if this script did not open it, or deleted it."""
        run = self.run(run_id)
        if run.deleted:
            raise invalid(f"The run {run.run_id} must be in the 'active' state. Current state is deleted.")
        return run

    def open_run(self, run_id: str | None) -> RunData:
        """Return a run that the script opens. Raises RefusedError as `active_run`.

        To log to the run by its id does not open it: azureml-core does that, and the script may open it with MLflow.
        """
        run = self.active_run(run_id)
        self.is_opened = self.is_opened or run is self.tracked
        return run

    def experiment_of(self, run: RunData) -> str:
        """Return the id of the run's experiment."""
        return run.experiment_id if self.is_opened or run is not self.tracked else self.experiment_id

    def active_experiment(self, experiment_id: str | None) -> Experiment:
        """Return an experiment to write to. Raises RefusedError if the script did not name it, or deleted it."""
        found = self.experiment(experiment_id)
        if found.deleted:
            raise invalid(
                f"The experiment {found.experiment_id} must be in the 'active' state. Current: deleted."
            )
        return found

    def experiment(self, experiment_id: str | None) -> Experiment:
        """Return an experiment, by default the run's own. Raises RefusedError if the script did not name it."""
        found = self.tracked.experiments.get(experiment_id or EXPERIMENT_ID)
        if found is None:
            raise missing(f"No Experiment with id={experiment_id} exists")
        return found

    def runs(self) -> list[RunData]:
        """Return all runs of the script, including the dressage run itself if any attempt has opened it."""
        own = [self.tracked] if self.is_opened or self._was_opened else []
        return [*own, *self.tracked.runs.values()]

    def model(self, model_id: str, *, deleted: bool = False) -> LoggedModel:
        """Return a logged model. deleted: also a deleted one. Raises RefusedError if the script did not log it."""
        model = self.tracked.models.get(model_id)
        if model is None or (model.deleted and not deleted):
            raise missing(f"Logged model with ID '{model_id}' not found.")
        return model

    def refuse(self, request: str, message: str) -> None:
        """Count a refused request. The count is written at the 1st, 10th, 100th, ..., and by `write_refusals`."""
        with self.lock:
            refused = self.tracked.refused
            if request not in refused and len(refused) >= _REFUSALS:
                request, message = "other requests", ""
            count = refused[request].count + 1 if request in refused else 1
            fields: dict[str, Any] = {"request": request, "count": count, "message": message}
            self.tracked.apply(RequestRefused(**fields))
            if _is_power_of_ten(count):
                self._note_refusal(**fields)

    def write_refusals(self) -> None:
        """Write the final counts, after the last request."""
        with self.lock:
            for request, refused in self.tracked.refused.items():
                if not _is_power_of_ten(refused.count):
                    self._note_refusal(request=request, count=refused.count, message=refused.message)

    def _note_refusal(self, **fields: Any) -> None:
        with suppress(OSError):  # the disk is full; the final count may still be written later
            self._journal.append("tracking.refused", attempt=self.identity.attempt, **fields)

    def artifacts_of(self, run: RunData) -> Path:
        """Return the folder of a run's artifacts, to which the script copies them itself."""
        own = self.identity.artifacts
        return own if run is self.tracked else own / "runs" / run.run_id

    def files_of(self, model: LoggedModel) -> Path:
        """Return the folder of a logged model's files."""
        return self.identity.artifacts / model.path

    @property
    def models_folder(self) -> Path:
        """The folder from which this run's script reads registered versions."""
        return self.identity.artifacts.parent / "models"


def _check(event: dict[str, Any]) -> Entry:
    """Return the event as readers will see it. Raises ValueError if they could not read it."""
    entry = entry_of(event)
    if isinstance(entry, UnreadableEntry | UnknownEntry):
        raise ValueError(f"event {event!r:.200} cannot be read: {getattr(entry, 'problem', 'unknown')}")  # noqa: TRY004
    return entry


def address_of(folder: Path) -> str:
    """Return a folder's address for MLflow's clients: its path, or a file:// address if a path would be misread."""
    path = str(folder)
    return path if quote(path) == path else folder.as_uri()


def _is_power_of_ten(count: int) -> bool:
    return str(count).strip("0") == "1"


def now_ms() -> int:
    return int(time.time() * 1000)
