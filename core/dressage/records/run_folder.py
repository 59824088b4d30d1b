"""A run's folder: the names of its files, and the events that are written to its journal.

The engine uses it, and so does every other process that works for a run, such as a supervisor. Only what a script
records is written elsewhere: by the tracking endpoint. Importing this module imports only the standard library;
reading the record imports more.
"""

import errno
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dressage.files.locks import FileLock
from dressage.files.regular import append_regular
from dressage.files.syncing import sync_folder
from dressage.records.journal import Journal
from dressage.records.outbox import OBSERVERS, announce, wake_pipe
from dressage.records.run_order import next_order
from dressage.specs.credentials import hide_credentials

if TYPE_CHECKING:
    from dressage.records.record import Record
    from dressage.records.texts import Texts
    from dressage.results.statuses import RunStatus


JOURNAL = "journal.jsonl"
COMPLETED = "completed"
"""A file in the workspace: the ids of completed runs, one per line, so that the index need not look at all runs."""
_ENDS = ("Completed", "Failed", "Canceled")
_STATE = re.compile(rb'"state":"(\w+)"')
_MOST_LEFT_OUT = 100
_STATUS_FIELDS = ("exit_code", "reason", "started", "ended", "interrupted")
"""Fields of RunStatus that are recorded, in addition to the state."""


class _Place:
    """A path in a run's folder. It is joined when it is used: a keeper opens many folders for a file or two."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, folder: "RunFolder", _: type["RunFolder"]) -> Path:
        return folder.path / self._name


class RunFolder:
    """The folder at `path`.

    journal.jsonl     the run's events; a platform on this machine locks it while a run is submitted
    log.txt           the script's stdout and stderr, in order, byte for byte
    log-ATTEMPT.txt   the same for one attempt on a remote platform, as far as it was read;
                      .whole: the log is complete, .lock: a process reads it
    source-ATTEMPT/   source and checkpoints that are sent to a remote platform with an attempt
    work/             the script's working directory: its source, outputs/, logs/
    source.date       an empty file; files in work/ that the script has not changed have its modification time
    inputs/           the run's own copies of its datasets while the script runs, if the platform makes them
    artifacts/        files that the script logged with the MLflow client
    launch.json       the supervisor's input; supervisor.log: its errors
    cancel            exists if a cancellation was requested
    control           a FIFO: a write to it asks the supervisor to stop
    observers.json    the run's observers; observers/NAME.json: which events each has received
    *.lock            locks of the processes at work: client, resume, state, supervisor, script, metrics
    """

    observers = _Place(OBSERVERS)
    cursors = _Place("observers")
    log = _Place("log.txt")
    work = _Place("work")
    source_date = _Place("source.date")
    inputs = _Place("inputs")
    artifacts = _Place("artifacts")
    launch = _Place("launch.json")
    supervisor_log = _Place("supervisor.log")
    cancel = _Place("cancel")
    control = _Place("control")

    def __init__(self, path: Path) -> None:
        self.path = path
        self._record: Record | None = None
        self._offset = 0
        self._guard = threading.Lock()

    @cached_property
    def journal(self) -> Journal:
        """The run's journal."""
        return Journal(self.path / JOURNAL, wake_pipe(self.path.parent.parent))

    def lock(self, whose: str) -> Path:
        """Return the path of a lock file. whose: one of the names that the class lists."""
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

                self._record = Record(texts=self._texts)
            for offset, entry in self.journal.events_with_offsets(self._offset):
                self._record.apply(entry)
                self._offset = offset
            return self._record

    @property
    def is_lost(self) -> bool:
        """Whether the journal, perhaps with the whole folder, was deleted since it was read."""
        try:
            return self.journal.path.stat().st_size < self._offset
        except FileNotFoundError:
            return self._offset > 0

    def was_canceled(self, attempt: int) -> bool:
        """Return whether the attempt was canceled, and not prepared again since."""
        return self._last_state(attempt) == "Canceled"

    def has_ended(self, attempt: int) -> bool:
        """Return whether the attempt's end was recorded, and it was not prepared again since."""
        return self._last_state(attempt) in _ENDS

    def was_supervised(self, attempt: int) -> bool:
        """Return whether a supervisor has had the attempt."""
        wanted = f'"event":"run.supervised","attempt":{attempt},'.encode()
        return any(wanted in line for line in self._lines())

    def _last_state(self, attempt: int) -> str | None:
        """Return the last recorded state of an attempt; None if there is none. This needs few imports."""
        starts = [f'"attempt":{attempt}{end}'.encode() for end in ",}"]
        last = b""
        for line in self._lines():
            if b'"event":"state"' in line and any(start in line for start in starts):
                last = line
        found = _STATE.search(last)
        return found.group(1).decode() if found else None

    def _lines(self) -> Iterator[bytes]:
        with suppress(FileNotFoundError), self.journal.path.open("rb") as lines:
            yield from lines

    def create(self, request: Mapping[str, Any], judgement: Mapping[str, Any]) -> None:
        """Record that the run was created. request: a RunRequest as JSON. judgement: a Judgement as JSON.

        It is on the disk when `begin_submission` returns; nothing is outside the workspace until then.
        """
        request, judgement = self._shorten(request, judgement)
        order = next_order(self.path.parents[1])
        self.journal.append("run.created", request=request, judgement=judgement, order=order)

    def judge(self, request: Mapping[str, Any], judgement: Mapping[str, Any]) -> None:
        """Record that the policies judged the run again. request, judgement: as for `create`."""
        request, judgement = self._shorten(request, judgement)
        self.journal.append_durably("run.judged", request=request, judgement=judgement)

    def _shorten(self, request: Mapping[str, Any], judgement: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return both with references in place of long texts of their environments."""
        texts, before = self._texts, judgement["before"]
        before = {**before, "environment": texts.shorten(before["environment"])}
        return [
            {**request, "environment": texts.shorten(request["environment"])},
            {**judgement, "before": before},
        ]

    @property
    def _texts(self) -> "Texts":
        from dressage.records.texts import FOLDER, Texts

        return Texts(self.path.parents[1] / FOLDER)

    def start_stage(self, stage: str, name: str | None = None) -> None:
        """Record that a stage was started. name: the dataset, if it is the dataset stage."""
        self.journal.append("stage.started", stage=stage, **_name_field(name))

    def finish_stage(self, stage: str, handle: Mapping[str, Any] | None, name: str | None = None) -> None:
        """Record a stage's result. handle: the result as JSON. name: the dataset, if it is the dataset stage.

        The stages before the run are on the disk when `begin_submission` returns; they can be repeated until then.
        """
        write = self.journal.append_durably if stage == "model" else self.journal.append
        write("stage.finished", stage=stage, handle=handle, **_name_field(name))
        announce(self.path)

    def begin_submission(self, attempt: int) -> None:
        """Record that the next step submits the attempt to its platform.

        With the first attempt, the run's folder is on the disk, too. A new journal's own name gets there with its
        bytes, on the file systems that we know.
        """
        self.journal.append_durably("run.submitting", attempt=attempt)
        if attempt == 1:
            sync_folder(self.path.parent)

    def finish_submission(self, attempt: int) -> None:
        """Record that the platform has the attempt."""
        self.journal.append_durably("run.submitted", attempt=attempt)

    def supervise(self, attempt: int, process: int) -> None:
        """Record the supervisor's process id. This also means that the attempt is submitted: a client may be killed
        before it can record that.
        """
        self.journal.append("run.supervised", attempt=attempt, process=process)

    def start_script(self, attempt: int, group: int) -> None:
        """Record that the script was started. group: the id of its process group."""
        self.journal.append("script.started", attempt=attempt, group=group)

    def detach(self) -> None:
        """Record that the client detached on purpose: the run continues in the background."""
        self.journal.append("run.detached")

    def adopt(self, created: str | None = None) -> None:
        """Record that the run was started elsewhere, and that its platform is the source of this record.

        created: when it was created there; ISO 8601, UTC.
        """
        self.journal.append("run.adopted", created=created)

    def resume(self, attempt: int) -> None:
        """Record that another attempt begins."""
        self.journal.append_durably("run.resumed", attempt=attempt)

    def retry(self, attempt: int, reason: str) -> None:
        """Record that another attempt begins by itself. reason: why. It stays detached if it was."""
        self.journal.append("run.resumed", attempt=attempt, retry=True)
        self.journal.append("run.submitted", attempt=attempt)
        self.enter(attempt, "Queued", reason=reason)

    def leave_out(self, attempt: int, files: Iterable[tuple[str, str | None]]) -> None:
        """Record what the script left that cannot be kept: paths, each with what it is; the first hundred."""
        items = [{"path": path, "problem": problem} for path, problem in islice(files, _MOST_LEFT_OUT)]
        if items:
            self.journal.append("files.left_out", attempt=attempt, items=items)

    def lose_environment(self, attempt: int) -> None:
        """Record that the attempt has the variables of another shell, because its own were lost in the queue."""
        self.journal.append("environment.lost", attempt=attempt)

    def enter(self, attempt: int, state: str, **fields: Any) -> None:
        """Record that the run changed its state. An end is on the disk when this returns.

        fields: other fields of RunStatus.
        """
        known = {name: value for name, value in fields.items() if value is not None and value is not False}
        if reason := known.get("reason"):  # it may quote a line of the script's output
            known["reason"] = hide_credentials(reason)
        if state == "Completed":
            self._note_completion()  # first: a run that was noted and did not complete does no harm
        is_end = state in _ENDS
        write = self.journal.append_durably if is_end else self.journal.append
        write("state", state=state, attempt=attempt, **known)
        announce(self.path)

    def record(
        self,
        seen: "RunStatus",
        attempt: int,
        items: Iterable[tuple[str, Any]] = (),
        *,
        after: int | None = None,
    ) -> "RunStatus":
        """Write an attempt's status to the journal, unless it is there; safe for several clients. Returns the status.

        Nothing is written for an attempt that has ended or was replaced by a later one, or if the status is out of
        date.
        seen: the status that the platform reported. items: events, with their items, that the platform recorded and
        that must be in the journal before the run's end. after: `Record.changes` before the platform was asked.
        """
        if not self.refresh().is_new(seen, attempt):
            return self.refresh().status
        with FileLock(self.lock("state")):
            record = self.refresh()
            if record.is_new(seen, attempt) and after in (None, record.changes):
                for event, recorded in items:  # repeated after a crash: equal points are added once
                    self.journal.append(event, items=recorded, attempt=attempt)
                fields = {name: getattr(seen, name) for name in _STATUS_FIELDS}
                # A supervisor may write a later state at this moment; then readers ignore ours.
                self.enter(attempt, seen.state, **fields, after=record.changes)
        return self.refresh().status

    def _note_completion(self) -> None:
        """Append the run's id to the workspace's list of completed runs.

        If something else is in the list's place, such as a pipe, `dressage doctor` names it.
        """
        workspace = self.path.parents[1]
        if not (workspace / "workspace.json").exists():
            return
        note = f"\n{self.path.name}\n".encode()  # the break ends a line that a full disk cut off
        try:
            append_regular(workspace / COMPLETED, note)
        except OSError as error:
            if error.errno not in (errno.ENXIO, errno.EISDIR):  # a pipe without a reader, a folder
                raise


def _name_field(name: str | None) -> dict[str, str]:
    return {} if name is None else {"name": name}
