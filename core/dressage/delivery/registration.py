"""Register the observers of a run, when it is submitted."""

import logging
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from dressage.errors import DressageError
from dressage.files.atomic import write_json
from dressage.files.encoding import from_json, to_json
from dressage.files.regular import read_regular
from dressage.hooks.observers import Active
from dressage.records.outbox import FOLDER, announce, ensure_delivery
from dressage.records.run_folder import RunFolder
from dressage.records.workspace import Workspace


class Origin(Struct, frozen=True, kw_only=True):
    """Where an observer was found, so that another process finds it again.

    directory: where the search for settings files starts. python: the interpreter. path: its sys.path.
    """

    directory: str
    python: str
    path: tuple[str, ...]


class Registered(Struct, frozen=True, kw_only=True):
    """The content of observers.json: the observers of a run by name."""

    observers: dict[str, Origin] = {}


def register_observers(
    workspace: Workspace, run_id: str, find: Callable[[], Iterable[Active]], directory: Path
) -> None:
    """Have the events of a run delivered to observers. Call it after the journal has a first event.

    find: returns the active observers, as `find_active` does. directory: where the search for settings files starts.
    Never raises: an observer that cannot be loaded, or a full disk, is a warning.
    """
    try:
        if names := [name for name, _ in find()]:
            _register(workspace, workspace.run(run_id), names, directory)
    except (DressageError, OSError) as error:
        logging.getLogger("dressage").warning("run %s: its observers are not informed: %s", run_id, error)


def warn_unusable(active: Iterable[Active]) -> None:
    """Log why an observer cannot be used now."""
    for name, error in active:
        if error:
            message = "observer %r cannot be used: %s; events are kept for it"
            logging.getLogger("dressage").warning(message, name, error)


def read_registered(folder: RunFolder) -> Registered:
    """Return the observers of a run; none if the file is missing or damaged."""
    with suppress(OSError, ValueError, RecursionError):
        return from_json(Registered, msgspec.json.decode(read_regular(folder.observers)))
    return Registered()


def _register(workspace: Workspace, folder: RunFolder, names: list[str], directory: Path) -> None:
    origin = Origin(directory=str(directory), python=sys.executable, path=tuple(filter(None, sys.path)))
    before = read_registered(folder).observers
    (workspace.root / FOLDER / "pending").mkdir(parents=True, exist_ok=True)
    folder.cursors.mkdir(exist_ok=True)
    write_json(folder.observers, to_json(Registered(observers={**before, **dict.fromkeys(names, origin)})))
    announce(folder.path)
    ensure_delivery(workspace.root)  # this shell may have a variable that the delivering process lacks
