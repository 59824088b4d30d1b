"""The rows of the index: what it keeps of each run."""

import json
from typing import Any

import msgspec

from dressage.errors import RecordError
from dressage.files.encoding import from_json, to_json
from dressage.records.record import Record
from dressage.results.statuses import RunStatus, RunSummary


def row_of(run_id: str, size: int, record: Record) -> tuple[Any, ...]:
    """Return a run's row; if its record cannot be read, a row that says so. size: of the journal, in bytes."""
    try:
        return _readable_row(run_id, size, record)
    except (RecordError, msgspec.MsgspecError, KeyError, TypeError, AttributeError) as error:
        reason = f"its record is damaged or was written by a later version of dressage: {error}"
        status = RunStatus(state="Failed", reason=reason)
        summary = RunSummary(run_id=run_id, recipe="?", platform="?", experiment="?", status=status)
        created = record.created if isinstance(record.created, str) else run_id
        return (run_id, size, created, None, None, json.dumps(to_json(summary)), "{}")


def _readable_row(run_id: str, size: int, record: Record) -> tuple[Any, ...]:
    submission = record.the_submission() if record.status.state == "Completed" else None
    training = submission.training if submission else None
    summary = to_json(record.summary(run_id))
    from_json(RunSummary, summary)
    return (
        run_id,
        size,
        record.created or "",
        training.key if training else None,
        training.request.model.name if training else None,
        json.dumps(summary),
        json.dumps(training.inputs if training else {}),
    )
