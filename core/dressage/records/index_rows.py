"""The rows of the index: what it keeps of each run."""

import json
from typing import Any

from dressage.errors import RecordError
from dressage.files.encoding import from_json, to_json
from dressage.records.record import Record
from dressage.results.statuses import RunStatus, RunSummary


def row_of(run_id: str, size: int, record: Record) -> tuple[Any, ...]:
    """Return a run's row; if its record cannot be read, a row that says so. size: of the journal, in bytes."""
    if record.is_headless:
        return damaged_row(run_id, size, "the line with its request cannot be read", record.order)
    try:
        return _readable_row(run_id, size, record)
    except (RecordError, ValueError, KeyError, TypeError, AttributeError) as error:
        return damaged_row(run_id, size, error, record.order)


def damaged_row(run_id: str, size: int, problem: object, order: int | None = None) -> tuple[Any, ...]:
    """Return the row of a run whose record cannot be read. order: if unknown, it is listed last."""
    reason = f"its record is damaged or was written by a later version of dressage: {problem}; see: dressage doctor"
    status = RunStatus(state="Failed", reason=reason)
    summary = RunSummary(run_id=run_id, recipe="?", platform="?", experiment="?", status=status)
    return (run_id, size, order or 0, None, None, json.dumps(to_json(summary)), "{}")


def _readable_row(run_id: str, size: int, record: Record) -> tuple[Any, ...]:
    submission = record.the_submission() if record.status.state == "Completed" else None
    training = submission.training if submission else None
    summary = to_json(record.summary(run_id))
    from_json(RunSummary, summary)
    return (
        run_id,
        size,
        record.order,
        training.key if training else None,
        training.request.model.name if training else None,
        json.dumps(summary),
        json.dumps(training.inputs if training else {}),
    )
