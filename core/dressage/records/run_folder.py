"""A run's folder: the names of its files, and the events that are written to its journal.

The engine uses it, and so does every other process that works for a run, such as a supervisor. Only what a script
records is written elsewhere: by the tracking endpoint. Importing this module imports only the standard library;
reading the record imports more.
"""

import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dressage.files.locks import FileLock
from dressage.records.journal import Journal

if TYPE_CHECKING:
    from dressage.records.record import Record
    from dressage.results.statuses import RunStatus


JOURNAL = "journal.jsonl"


class RunFolder:
    """The folder at `path`.

    journal.jsonl     the run's events
    log.txt           the script's stdout and stderr, in order, byte for byte
    log-ATTEMPT.txt   the same for one attempt on a remote platform, as far as it was read;
                      .whole: the log is complete, .lock: a process reads it
    source-ATTEMPT/   source and checkpoints that are sent to a remote platform with an attempt
    work/             the script's working directory: its source, outputs/, logs/
    inputs/           the run's own copies of its datasets while the script runs, if the platform makes them
    artifacts/        files that the script logged with the MLflow client
    launch.json       the supervisor's input; supervisor.log: its errors
    cancel            exists if a cancellation was requested
    *.lock            locks of the processes at work: client, resume, state, supervisor, script
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = Journal(path / JOURNAL)
        self.log = path / "log.txt"
        self.work = path / "work"
        self.inputs = path / "inputs"
        self.artifacts = path / "artifacts"
        self.launch = path / "launch.json"
        self.supervisor_log = path / "supervisor.log"
        self.cancel = path / "cancel"
        self._record: Record | None = None
        self._offset = 0
        self._guard = threading.Lock()

    def lock(self, whose: str) -> Path:
        """Return the path of a lock file. whose: "client", "resume", "state", "supervisor" or "script"."""
        return self.path / f"{whose}.lock"

    def mirrored_log(self, attempt: int) -> Path:
        """Return the path of our copy of an attempt's log on a remote platform."""
        return self.path / f"log-{attempt}.txt"

    def source(self, attempt: int) -> Path:
        """Return the path of the source directory of one attempt."""
        return self.path / f"source-{attempt}"

    def refresh(self) -> "Record":
        """Return the record, updated with the events since the last call; each event is read once."""
        with self._guard:  # two threads at the same time would apply the same events twice
            if self._record is None:
                from dressage.records.record import Record

                self._record = Record()
            for offset, event in self.journal.events_with_offsets(self._offset):
                self._record.apply(event)
                self._offset = offset
            return self._record

    def was_canceled(self, attempt: int) -> bool:
        """Return whether the attempt was canceled. Searches the journal's lines, which needs no imports."""
        with suppress(FileNotFoundError), self.journal.path.open("rb") as lines:
            for line in lines:
                if b'"state":"Canceled"' in line and f'"attempt":{attempt}'.encode() in line:
                    return True
        return False

    def create(self, request: Mapping[str, Any], judgement: Mapping[str, Any]) -> None:
        """Record that the run was created. request: a RunRequest as JSON. judgement: a Judgement as JSON."""
        self.journal.append_durably("run.created", request=request, judgement=judgement)

    def judge(self, request: Mapping[str, Any], judgement: Mapping[str, Any]) -> None:
        """Record that the policies judged the run again. request, judgement: as for `create`."""
        self.journal.append_durably("run.judged", request=request, judgement=judgement)

    def start_stage(self, stage: str, name: str | None = None) -> None:
        """Record that a stage was started. name: the dataset, if it is the dataset stage."""
        self.journal.append("stage.started", stage=stage, **_name_field(name))

    def finish_stage(self, stage: str, handle: Mapping[str, Any] | None, name: str | None = None) -> None:
        """Record a stage's result. handle: the result as JSON. name: the dataset, if it is the dataset stage."""
        self.journal.append_durably("stage.finished", stage=stage, handle=handle, **_name_field(name))

    def begin_submission(self, attempt: int) -> None:
        """Record that the next step submits the attempt to its platform."""
        self.journal.append_durably("run.submitting", attempt=attempt)

    def finish_submission(self, attempt: int) -> None:
        """Record that the platform has the attempt."""
        self.journal.append_durably("run.submitted", attempt=attempt)

    def supervise(self, attempt: int, process: int) -> None:
        """Record the supervisor's process id. This also means that the attempt is submitted: a client may be killed
        before it can record that.
        """
        self.journal.append_durably("run.supervised", attempt=attempt, process=process)

    def start_script(self, attempt: int, group: int) -> None:
        """Record that the script was started. group: the id of its process group."""
        self.journal.append("script.started", attempt=attempt, group=group)

    def detach(self) -> None:
        """Record that the client detached on purpose: the run continues in the background."""
        self.journal.append("run.detached")

    def resume(self, attempt: int) -> None:
        """Record that another attempt begins."""
        self.journal.append_durably("run.resumed", attempt=attempt)

    def enter(self, attempt: int, state: str, **fields: Any) -> None:
        """Record that the run changed its state. fields: other fields of RunStatus."""
        known = {name: value for name, value in fields.items() if value is not None and value is not False}
        self.journal.append_durably("state", state=state, attempt=attempt, **known)

    def record(self, seen: "RunStatus", attempt: int, items: Iterable[tuple[str, Any]] = ()) -> "RunStatus":
        """Write an attempt's status to the journal, unless it is there; safe for several clients. Returns the status.

        Nothing is written for an attempt that has ended or was replaced by a later one.
        seen: the status that the platform reported. items: events, with their items, that the platform recorded and
        that must be in the journal before the run's end.
        """
        if not self.refresh().is_new(seen, attempt):
            return self.refresh().status
        with FileLock(self.lock("state")):
            if self.refresh().is_new(seen, attempt):
                for (
                    event,
                    recorded,
                ) in items:  # repeated after a crash, which is safe: equal points are added once
                    self.journal.append(event, items=recorded, attempt=attempt)
                times = {"started": seen.started, "ended": seen.ended, "interrupted": seen.interrupted}
                self.enter(attempt, seen.state, exit_code=seen.exit_code, reason=seen.reason, **times)
        return self.refresh().status


def _name_field(name: str | None) -> dict[str, str]:
    return {} if name is None else {"name": name}
