"""Find what is damaged in the files of observers."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from dressage.delivery.cursors import Cursor
from dressage.delivery.registration import Registered
from dressage.files.encoding import from_json
from dressage.files.regular import read_regular
from dressage.records.workspace import Workspace
from dressage.results.damage import Damage, damage_of


def inspect_observers(workspace: Workspace) -> Iterator[Damage]:
    """Yield what says which observers a run has, and what each has received, where that cannot be read."""
    advice = "the run's observers get no further events; delete it"
    for path in sorted(workspace.runs.glob("*/observers.json")):
        yield from damage_of(path, lambda: _read(Registered, path), advice)  # noqa: B023 (called at once)
    again = "the observer gets all events of the run again; delete it"
    for path in sorted(workspace.runs.glob("*/observers/*.json")):
        yield from damage_of(path, lambda: _read(Cursor, path), again)  # noqa: B023 (called at once)


def _read(kind: type, path: Path) -> None:
    try:
        from_json(kind, msgspec.json.decode(read_regular(path)))
    except RecursionError as error:
        raise ValueError(str(error)) from error
