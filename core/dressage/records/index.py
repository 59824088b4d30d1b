"""The index of a workspace's runs: a cache of their journals, updated whenever it is read.

A listing looks at all journals, and reads those that have grown. A search looks at the runs only that have completed
since the last search, because a workspace may have many runs: `RunFolder` appends their ids to the file `completed`.
If the index is deleted or damaged, it is rebuilt. Runs are in the order of their creation (`RunCreated.order`): the
clock may have been set back between two of them.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from dressage.files.databases import is_unavailable, remove_database
from dressage.files.encoding import from_json
from dressage.files.permissions import create_database
from dressage.files.regular import open_regular
from dressage.records.index_rows import damaged_row, row_of
from dressage.records.run_folder import COMPLETED, JOURNAL
from dressage.records.run_ids import may_be_run_id
from dressage.records.workspace import Workspace
from dressage.results.statuses import RunSummary

T = TypeVar("T")
_WRONG_ROWS = (ValueError, TypeError, KeyError, AttributeError)
_VERSION = 6
"""Version of the row format; an older index is rebuilt."""
_SCHEMA = f"""
BEGIN;
DROP TABLE IF EXISTS run;
DROP TABLE IF EXISTS noted;
DROP TABLE IF EXISTS progress;
CREATE TABLE run (
    run_id TEXT PRIMARY KEY, size INTEGER, place INTEGER, training TEXT, model TEXT, summary TEXT, inputs TEXT
);
CREATE TABLE noted (run_id TEXT PRIMARY KEY, size INTEGER);
CREATE TABLE progress (offset INTEGER);
CREATE INDEX run_training ON run (training);
CREATE INDEX run_model ON run (model, place);
INSERT INTO progress VALUES (0);
PRAGMA user_version = {_VERSION};
COMMIT;
"""  # noqa: S608 (the version is a constant)


@dataclass(frozen=True, slots=True)
class CompletedRun:
    """A completed run, and the inputs of its model (`Training.inputs`)."""

    summary: RunSummary
    inputs: Mapping[str, Any]


class RunIndex:
    """Finds the runs of a workspace without reading all of their journals."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def summaries(self, limit: int | None = None, tags: Mapping[str, str] | None = None) -> list[RunSummary]:
        """Return the runs that have all of the tags, the newest first. limit: how many; None for all."""
        query = "SELECT summary FROM run WHERE place IS NOT NULL ORDER BY place DESC, run_id DESC"
        wanted = (tags or {}).items()

        def select(connection: sqlite3.Connection) -> list[RunSummary]:
            self._update_all(connection)
            rows = connection.execute(query)
            found = (from_json(RunSummary, json.loads(summary)) for (summary,) in rows)
            return list(islice((run for run in found if wanted <= run.tags.items()), limit))

        return self._read(select) if self._workspace.exists else []

    def find_by_training(self, key: str) -> CompletedRun | None:
        """Return the latest completed run with this `Training.key`, which means with the same inputs."""
        return self._find("training = ?", key)

    def find_latest(self, model: str) -> CompletedRun | None:
        """Return the latest completed run of a model's name."""
        return self._find("model = ?", model)

    def _find(self, condition: str, value: str) -> CompletedRun | None:
        query = f"SELECT run_id, size, summary, inputs FROM run WHERE {condition} ORDER BY place DESC LIMIT 1"  # noqa: S608

        def select(connection: sqlite3.Connection) -> CompletedRun | None:
            self._add_completed(connection)
            while row := connection.execute(query, (value,)).fetchone():
                if self._size(row[0]) == row[1]:
                    return CompletedRun(from_json(RunSummary, json.loads(row[2])), json.loads(row[3]))
                self._update(connection, row[0])  # its model was registered, or its folder was deleted
            return None

        return self._read(select) if self._workspace.exists else None

    def _read(self, select: Callable[[sqlite3.Connection], T]) -> T:
        path = self._workspace.root / "index.sqlite"
        create_database(path)
        with suppress(sqlite3.Error):  # such as an index that is locked or read-only: use a temporary one
            try:
                return self._connect(path, select)
            except (sqlite3.DatabaseError, *_WRONG_ROWS) as error:
                if is_unavailable(error):
                    raise
                remove_database(path)
                create_database(path)
            return self._connect(path, select)
        return self._connect(":memory:", select)

    def _connect(self, path: Path | str, select: Callable[[sqlite3.Connection], T]) -> T:
        with closing(sqlite3.connect(path, timeout=5)) as connection, connection:
            if connection.execute("PRAGMA user_version").fetchone() != (_VERSION,):
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(_SCHEMA)
                self._update_all(connection)
            return select(connection)

    def _update_all(self, connection: sqlite3.Connection) -> None:
        """Update the rows of all runs whose journals have changed."""
        self._add_completed(connection)
        known = dict(connection.execute("SELECT run_id, size FROM run").fetchall())
        found = dict(_journals(self._workspace.runs))
        for run_id in [
            *(known.keys() - found.keys()),
            *(name for name in found if known.get(name) != found[name]),
        ]:
            self._update(connection, run_id)

    def _add_completed(self, connection: sqlite3.Connection) -> None:
        """Update the rows of the runs that have completed since the last time.

        A run is noted before its journal says that it completed. Until then it stays in the table `noted`.
        """
        offset = connection.execute("SELECT offset FROM progress").fetchone()[0]
        end, run_ids = self._read_notes(offset)
        if end != offset:
            connection.executemany(
                "INSERT OR IGNORE INTO noted VALUES (?, -1)", [(run_id,) for run_id in run_ids]
            )
            connection.execute("UPDATE progress SET offset = ?", (end,))
        for run_id, size in connection.execute("SELECT run_id, size FROM noted").fetchall():
            if self._size(run_id) != size:
                self._update_noted(connection, run_id)

    def _update_noted(self, connection: sqlite3.Connection, run_id: str) -> None:
        size = self._update(connection, run_id)
        row = connection.execute("SELECT training FROM run WHERE run_id = ?", (run_id,)).fetchone()
        if size is None or (row and row[0]):
            connection.execute("DELETE FROM noted WHERE run_id = ?", (run_id,))
        else:
            connection.execute("UPDATE noted SET size = ? WHERE run_id = ?", (size, run_id))

    def _read_notes(self, offset: int) -> tuple[int, list[str]]:
        """Return the ids of the runs that were noted after `offset`, and the offset of their end.

        If the file is shorter now, it was deleted: then all of it is read.
        """
        try:
            with open_regular(self._workspace.root / COMPLETED) as notes:
                start = offset if offset <= os.fstat(notes.fileno()).st_size else 0
                notes.seek(start)
                data = notes.read()
        except OSError:  # none has completed, or somebody has replaced the file; a listing finds all runs
            return 0, []
        end = data.rfind(b"\n") + 1  # what follows is still being written
        noted = data[:end].decode(errors="replace").split()
        return start + end, [run_id for run_id in noted if run_id.isprintable() and "/" not in run_id]

    def _update(self, connection: sqlite3.Connection, run_id: str) -> int | None:
        """Replace a run's row. Returns the size of the journal that was read; None if the run was deleted."""
        size = self._size(run_id)
        if size is None:
            connection.execute("DELETE FROM run WHERE run_id = ?", (run_id,))
        else:
            row = self._row_of(run_id, size)
            connection.execute("INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return size

    def _row_of(self, run_id: str, size: int) -> tuple[Any, ...]:
        try:
            return row_of(run_id, size, self._workspace.run(run_id).refresh())
        except OSError as error:
            return damaged_row(run_id, size, error)

    def _size(self, run_id: str) -> int | None:
        """Return the size of a run's journal; None if there is none."""
        return _size_of(self._workspace.runs / run_id / JOURNAL)


def _journals(runs: Path) -> Iterator[tuple[str, int]]:
    """Yield each run with the size of its journal. No run has a name that is not UTF-8."""
    for folder in runs.iterdir() if runs.is_dir() else ():
        if may_be_run_id(folder.name) and (size := _size_of(folder / JOURNAL)) is not None:
            yield folder.name, size


def _size_of(journal: Path) -> int | None:
    """Return the size of a journal; None if there is none, -1 if its folder cannot be read."""
    try:
        return journal.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return -1
