"""A run's folder: what the files in it are called, and what may be written to its journal.

Whatever works for a run uses this: the engine, and processes elsewhere, as a supervisor. What a script records is
written by the tracking endpoint, which a supervisor gives the journal. Importing this module imports the standard
library only; folding the record imports more.
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

    journal.jsonl     what happened
    log.txt           the script's stdout and stderr, in order, byte for byte
    log-ATTEMPT.txt   the same, attempt by attempt, as far as it was read from a platform that keeps it elsewhere;
                      .whole says that there is no more, .lock that a process reads
    source-ATTEMPT/   source and checkpoints that go along with an attempt elsewhere
    work/             the script's working directory: its source, outputs/, logs/
    artifacts/        what it logged with the MLflow client
    launch.json       what the supervisor was given; supervisor.log: what went wrong with it
    cancel            a cancellation that the supervisor has yet to see
    *.lock            who is at work: client, resume, state, supervisor, script
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = Journal(path / JOURNAL)
        self.log = path / "log.txt"
        self.work = path / "work"
        self.artifacts = path / "artifacts"
        self.launch = path / "launch.json"
        self.supervisor_log = path / "supervisor.log"
        self.cancel = path / "cancel"
        self._record: Record | None = None
        self._offset = 0
        self._guard = threading.Lock()

    def lock(self, whose: str) -> Path:
        """The lock file of "client", "resume", "state", "supervisor" or "script"."""
        return self.path / f"{whose}.lock"

    def mirrored_log(self, attempt: int) -> Path:
        """Our copy of an attempt's log that a platform keeps elsewhere."""
        return self.path / f"log-{attempt}.txt"

    def source(self, attempt: int) -> Path:
        """A source directory that is made for one attempt."""
        return self.path / f"source-{attempt}"

    def refresh(self) -> "Record":
        """The record, with what was written since the last look; the journal is read once."""
        with self._guard:  # two threads at once would fold the same events in twice
            if self._record is None:
                from dressage.records.record import Record

                self._record = Record()
            for offset, event in self.journal.numbered(self._offset):
                self._record.apply(event)
                self._offset = offset
            return self._record

    def was_canceled(self, attempt: int) -> bool:
        """Whether the journal says so, without folding all of it."""
        with suppress(FileNotFoundError), self.journal.path.open("rb") as lines:
            for line in lines:
                if b'"state":"Canceled"' in line and f'"attempt":{attempt}'.encode() in line:
                    return True
        return False

    def create(self, request: Mapping[str, Any], judgement: Mapping[str, Any]) -> None:
        """request: a RunRequest as JSON. judgement: a Judgement, what the policies made of it, as JSON."""
        self.journal.append_durably("run.created", request=request, judgement=judgement)

    def judge(self, request: Mapping[str, Any], judgement: Mapping[str, Any]) -> None:
        """The policies judged the run again. request, judgement: as for `create`."""
        self.journal.append_durably("run.judged", request=request, judgement=judgement)

    def start_stage(self, stage: str, name: str | None = None) -> None:
        """name: of a dataset among several."""
        self.journal.append("stage.started", stage=stage, **_named(name))

    def finish_stage(self, stage: str, handle: Mapping[str, Any] | None, name: str | None = None) -> None:
        """handle: what there is now, as JSON."""
        self.journal.append_durably("stage.finished", stage=stage, handle=handle, **_named(name))

    def begin_submission(self, attempt: int) -> None:
        """The next step hands the attempt to its platform."""
        self.journal.append_durably("run.submitting", attempt=attempt)

    def finish_submission(self, attempt: int) -> None:
        """The platform has the attempt."""
        self.journal.append_durably("run.submitted", attempt=attempt)

    def supervise(self, attempt: int, process: int) -> None:
        """A process supervises the attempt, so it is submitted: the client may be killed before it can write that."""
        self.journal.append_durably("run.supervised", attempt=attempt, process=process)

    def start_script(self, attempt: int, group: int) -> None:
        """group: the number of its process group."""
        self.journal.append("script.started", attempt=attempt, group=group)

    def detach(self) -> None:
        """The client leaves the run to continue in the background, on purpose."""
        self.journal.append("run.detached")

    def resume(self, attempt: int) -> None:
        """Another attempt begins."""
        self.journal.append_durably("run.resumed", attempt=attempt)

    def enter(self, attempt: int, state: str, **fields: Any) -> None:
        """The run changes its state. fields: others of RunStatus."""
        known = {name: value for name, value in fields.items() if value is not None and value is not False}
        self.journal.append_durably("state", state=state, attempt=attempt, **known)

    def record(self, seen: "RunStatus", attempt: int, items: Iterable[tuple[str, Any]] = ()) -> "RunStatus":
        """Write what was seen of an attempt to the journal, once, even if several look. Returns the run's status.

        Nothing is written about an attempt that has ended or was replaced by a later one. items: events, with their
        items, that the run recorded elsewhere and that belong before its end.
        """
        if not self.refresh().is_news(seen, attempt):
            return self.refresh().status
        with FileLock(self.lock("state")):
            if self.refresh().is_news(seen, attempt):
                for event, recorded in items:  # again after a crash: a point that is there is not added twice
                    self.journal.append(event, items=recorded, attempt=attempt)
                times = {"started": seen.started, "ended": seen.ended, "interrupted": seen.interrupted}
                self.enter(attempt, seen.state, exit_code=seen.exit_code, reason=seen.reason, **times)
        return self.refresh().status


def _named(name: str | None) -> dict[str, str]:
    return {} if name is None else {"name": name}
