"""How far an observer is in the journal of a run, and how it is doing in general: small files, written atomically."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct

from dressage.files.atomic import write_json
from dressage.files.encoding import from_json, to_json
from dressage.files.regular import read_regular
from dressage.records.outbox import FOLDER
from dressage.records.run_folder import RunFolder

T = TypeVar("T")


class Cursor(Struct, kw_only=True):
    """What an observer has received of a run.

    offset: the byte of the journal up to which everything is delivered or given up. attempt: at that place.
    changes: how often the state had changed there. has_ended: whether the run has ended there.
    given_up: how many events were given up.
    """

    offset: Annotated[int, Meta(ge=0, lt=1 << 62)] = 0
    attempt: int = 1
    changes: int = 0
    has_ended: bool = False
    given_up: int = 0


class Standing(Struct, kw_only=True):
    """How an observer is doing.

    error: why events wait now, in one line; None if they do not. since: when that began.
    given_up: how many events of all runs were given up. last_given_up: why the last one was, in one line.
    """

    error: str | None = None
    since: str | None = None
    given_up: int = 0
    last_given_up: str | None = None


def read_cursor(folder: RunFolder, observer: str) -> Cursor:
    """Return the cursor; one at the beginning if there is none or if it is damaged."""
    return _read(Cursor, _cursor(folder, observer))


def write_cursor(folder: RunFolder, observer: str, cursor: Cursor) -> None:
    """Write the cursor. Raises OSError."""
    write_json(_cursor(folder, observer), to_json(cursor))


def read_standing(root: Path, observer: str) -> Standing:
    """Return how an observer is doing in the workspace at `root`."""
    return _read(Standing, _standing(root, observer))


def write_standing(root: Path, observer: str, standing: Standing) -> None:
    """Write how an observer is doing. Raises OSError."""
    path = _standing(root, observer)
    path.parent.mkdir(exist_ok=True)
    write_json(path, to_json(standing))


def _read(kind: type[T], path: Path) -> T:
    with suppress(OSError, ValueError, RecursionError):
        return from_json(kind, msgspec.json.decode(read_regular(path)))
    return kind()


def _cursor(folder: RunFolder, observer: str) -> Path:
    return folder.cursors / f"{quote(observer, safe='')}.json"


def _standing(root: Path, observer: str) -> Path:
    return root / FOLDER / "status" / f"{quote(observer, safe='')}.json"
