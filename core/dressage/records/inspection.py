"""Find what is damaged in the records of runs."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from dressage.files.databases import is_unavailable
from dressage.files.regular import open_regular
from dressage.records.record import Record
from dressage.records.run_folder import COMPLETED, RunFolder
from dressage.records.run_ids import may_be_run_id
from dressage.records.workspace import Workspace
from dressage.results.damage import Damage, damage_of
from dressage.results.entries import UnreadableEntry, read_entry

_ADVICE = "the other lines are used; delete this one when the run has ended"
_NO_REQUEST = "the run cannot be resumed; move its folder elsewhere, and start a new run"


def inspect_runs(workspace: Workspace) -> Iterator[Damage]:
    """Yield each damaged line of a journal, and each record that cannot be used."""
    for path in sorted(workspace.runs.iterdir()) if workspace.runs.is_dir() else ():
        try:
            if path.is_dir():
                yield from _inspect_run(RunFolder(path))
            else:
                yield Damage(path=path, problem="not the folder of a run", advice="move it elsewhere")
        except OSError as error:
            problem = error.strerror or str(error)
            yield Damage(path=path, problem=problem, advice="grant access, or move it elsewhere")


def inspect_caches(root: Path) -> Iterator[Damage]:
    """Yield the databases and lists that cannot be read. root: the workspace's root."""
    if (root / COMPLETED).exists():
        yield from damage_of(root / COMPLETED, lambda: open_regular(root / COMPLETED).close())
    for name in ("index.sqlite", "hashes.sqlite"):
        if (root / name).exists():
            yield from _inspect_cache(root / name)


def _inspect_run(folder: RunFolder) -> Iterator[Damage]:
    """Yield the damage of a run. Raises OSError if its journal cannot be read."""
    if not may_be_run_id(folder.path.name) and folder.journal.path.exists():
        yield Damage(
            path=folder.path, problem="its name is not UTF-8", advice="rename it, or move it elsewhere"
        )
    record = Record()
    for number, (_, line) in enumerate(folder.journal.lines(), 1):
        entry = read_entry(line)
        record.apply(entry)
        if isinstance(entry, UnreadableEntry):
            yield Damage(path=folder.journal.path, line=number, problem=entry.problem, advice=_ADVICE)
    if record.request is None:
        if record.is_headless:
            yield Damage(path=folder.path, problem="its request is lost", advice=_NO_REQUEST)
        return
    for read in (record.the_request, record.the_judgement, record.the_submission, lambda: record.model):
        if found := list(damage_of(folder.journal.path, read, _NO_REQUEST)):
            yield found[0]
            return


def _inspect_cache(path: Path) -> Iterator[Damage]:
    advice = "delete it: it is made again"
    try:
        with closing(sqlite3.connect(path, timeout=5)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        if not is_unavailable(error):
            yield Damage(path=path, problem=str(error), advice=advice)
        return
    if found != "ok":
        yield Damage(path=path, problem=" ".join(str(found).split()), advice=advice)
