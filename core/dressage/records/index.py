"""The index of a workspace's runs: a cache of their journals, updated whenever it is read.

A journal that has not grown is not read again. If the file is deleted, it is rebuilt.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from dressage.errors import RecordError
from dressage.files.encoding import from_json, to_json
from dressage.records.record import Record
from dressage.records.run_folder import JOURNAL
from dressage.records.workspace import Workspace
from dressage.results.statuses import RunStatus, RunSummary

_VERSION = 3
"""Version of the row format; an older index is rebuilt."""
_SCHEMA = f"""
BEGIN;
DROP TABLE IF EXISTS run;
CREATE TABLE run (
    run_id TEXT PRIMARY KEY, size INTEGER, created TEXT, training TEXT, model TEXT, summary TEXT, inputs TEXT
);
CREATE INDEX run_training ON run (training);
CREATE INDEX run_model ON run (model, created);
PRAGMA user_version = {_VERSION};
COMMIT;
"""


@dataclass(frozen=True, slots=True)
class CompletedRun:
    """A completed run, and the inputs of its model (`Training.inputs`)."""

    summary: RunSummary
    inputs: Mapping[str, Any]


class RunIndex:
    """Finds the runs of a workspace without reading all of their journals."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def summaries(self) -> list[RunSummary]:
        """Return all runs, the newest first."""
        rows = self._select("SELECT summary FROM run WHERE created != '' ORDER BY created DESC, run_id DESC")
        return [from_json(RunSummary, json.loads(summary)) for (summary,) in rows]

    def find_by_training(self, key: str) -> CompletedRun | None:
        """Return the latest completed run with this `Training.key`, which means with the same inputs."""
        return self._find("training = ?", key)

    def find_latest(self, model: str) -> CompletedRun | None:
        """Return the latest completed run of a model's name."""
        return self._find("model = ?", model)

    def _find(self, condition: str, value: str) -> CompletedRun | None:
        query = f"SELECT summary, inputs FROM run WHERE {condition} ORDER BY created DESC LIMIT 1"  # noqa: S608
        for summary, inputs in self._select(query, value):
            return CompletedRun(from_json(RunSummary, json.loads(summary)), json.loads(inputs))
        return None

    def _select(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        if not self._workspace.exists:
            return []
        path = self._workspace.root / "index.sqlite"
        try:
            return self._query(path, query, values)
        except sqlite3.OperationalError:  # locked for too long, or read-only: use a temporary index
            return self._query(":memory:", query, values)
        except sqlite3.DatabaseError:
            for damaged in self._workspace.root.glob("index.sqlite*"):
                damaged.unlink(missing_ok=True)
            return self._query(path, query, values)

    def _query(self, path: Path | str, query: str, values: tuple[str, ...]) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(path, timeout=5)) as connection, connection:
            if connection.execute("PRAGMA user_version").fetchone() != (_VERSION,):
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(_SCHEMA)
            self._update(connection)
            return connection.execute(query, values).fetchall()

    def _update(self, connection: sqlite3.Connection) -> None:
        known = dict(connection.execute("SELECT run_id, size FROM run").fetchall())
        found = dict(_journals(self._workspace.runs))
        for run_id in known.keys() - found.keys():
            connection.execute("DELETE FROM run WHERE run_id = ?", (run_id,))
        for run_id in [run_id for run_id, size in found.items() if known.get(run_id) != size]:
            record = self._workspace.run(run_id).refresh()
            connection.execute(
                "INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?, ?)", _row(run_id, found[run_id], record)
            )


def _journals(runs: Path) -> Iterator[tuple[str, int]]:
    for folder in runs.iterdir() if runs.is_dir() else ():
        try:
            yield folder.name, (folder / JOURNAL).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            continue


def _row(run_id: str, size: int, record: Record) -> tuple[Any, ...]:
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
