"""Say how each observer is doing, for lists of plugins and checks."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from dressage.delivery.cursors import read_cursor, read_standing
from dressage.delivery.registration import read_registered
from dressage.errors import DressageError, describe_unknown
from dressage.hooks.observers import is_active, load_observer
from dressage.hooks.plugins import Plugins
from dressage.hooks.statuses import PluginStatus
from dressage.records.run_folder import RunFolder
from dressage.specs.configuration import Configuration


def add_standings(
    statuses: Iterable[PluginStatus], plugins: Plugins, configuration: Configuration, root: Path
) -> Iterator[PluginStatus]:
    """Yield the statuses; those of observers also say whether events wait or were given up.

    root: the workspace's root.
    """
    for status in statuses:
        if status.kind == "observer" and status.used:
            yield _add_standing(status, plugins, configuration, root)
        else:
            yield status
    yield from _list_unknown(plugins, configuration)


def list_given_up(folder: RunFolder) -> Iterator[str]:
    """Yield a line for each observer that did not get some events of a run."""
    for name in read_registered(folder).observers:
        if given_up := read_cursor(folder, name).given_up:
            yield f"observer {name!r} did not get {given_up} event(s) of this run; see observers.log"


def _list_unknown(plugins: Plugins, configuration: Configuration) -> Iterator[PluginStatus]:
    """Yield the names of tables of observers that are not installed: they may be misspelt."""
    known = {name for kind, name in plugins.list_all() if kind == "observer"}
    for path, table in configuration.files:
        for name in table.get("observers", {}):
            if name not in known:
                error = f"named by 'observers': {describe_unknown('observer', name, known)}"
                yield PluginStatus(name=name, kind="observer", source=str(path), used=False, error=error)


def _add_standing(
    status: PluginStatus, plugins: Plugins, configuration: Configuration, root: Path
) -> PluginStatus:
    try:
        active = is_active(load_observer(plugins, configuration, status.name), configuration)
    except DressageError as error:
        return replace(status, error=str(error))
    standing = read_standing(root, status.name)
    problem = f"events wait since {standing.since}: {standing.error}" if standing.error and active else None
    notes = [] if active else ["not enabled"]
    if standing.given_up:
        notes.append(f"gave up {standing.given_up} event(s), the last one: {standing.last_given_up}")
    return replace(status, error=problem, note="; ".join(notes) or status.note)
