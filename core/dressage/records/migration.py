"""Migration of workspaces from layouts 1 to 3 to layout 4.

Layout 1 kept a run's request in two events, in an older format, and a run's supervisor in an event of the local
platform. Each journal is rewritten as a temporary file, which then replaces it. Layouts 1 and 2 kept the markers of
all open runs in one folder. Layouts 1 to 3 kept long texts in journals, where they can stay. The number of the layout
is written last, so that a migration that was killed is repeated.
"""

import json
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from dressage.errors import RecordError, SettingsError
from dressage.files.atomic import write_json
from dressage.files.disk import describe, name_in_errors
from dressage.files.locks import FileLock, is_locked
from dressage.records.journal import line_of
from dressage.records.layout import LAYOUT, earlier_layout
from dressage.records.open_runs import OpenRuns
from dressage.records.run_folder import JOURNAL, RunFolder

_CHANGED = re.compile(rb'"event":"(run\.created|run\.submitting|supervisor\.started|stage\.finished)"')
"""Lines that differ from layout 1. All others, perhaps a million metrics, are copied unchanged."""


def migrate(root: Path) -> None:
    """Migrate the workspace. Raises SettingsError on disk errors, and while runs of the earlier version run."""
    try:
        with FileLock(root / "migration.lock"):
            _migrate(root, root / "workspace.json")
    except OSError as error:
        raise SettingsError(
            f"workspace {str(root)!r} was created by an earlier version of dressage and cannot be migrated"
            f": {describe(error)}"
        ) from error


def _migrate(root: Path, marker: Path) -> None:
    before = json.loads(marker.read_text())
    earlier = earlier_layout(before)
    if earlier is None:
        return  # another process has migrated it
    # From here on the earlier version refuses to start runs.
    write_json(marker, {"layout": LAYOUT, "migrating_from": earlier})
    folders = sorted(path for path in (root / "runs").glob("*") if (path / JOURNAL).is_file())
    try:
        for path in folders:
            _check_idle(RunFolder(path))
    except SettingsError:
        write_json(marker, {"layout": earlier})
        raise
    for path in folders if earlier == 1 else ():
        _rewrite(path / JOURNAL)
    _move_markers(root)
    write_json(marker, {"layout": LAYOUT})


def _check_idle(run: RunFolder) -> None:
    if any(is_locked(run.lock(whose)) for whose in ("client", "supervisor")):
        raise SettingsError(
            f"run {run.path.name!r} was started by an earlier version of dressage and is still running; wait until it"
            " ends or cancel it with that version, then run the command again to migrate the workspace"
        )


def _rewrite(journal: Path) -> None:
    """Replace the journal, and keep its owner, mode and time: the time says when the run last wrote."""
    temporary = journal.with_suffix(".migrating")
    datasets: list[str] = []
    try:
        with name_in_errors(temporary), journal.open("rb") as old, temporary.open("wb") as new:
            for line in old:
                new.write(_migrate_line(line, datasets) if _CHANGED.search(line) else line)
            new.flush()
            os.fsync(new.fileno())
        shutil.copystat(journal, temporary)
        with suppress(PermissionError):
            os.chown(temporary, journal.stat().st_uid, journal.stat().st_gid)
        temporary.replace(journal)
    finally:
        temporary.unlink(missing_ok=True)


def _migrate_line(line: bytes, datasets: list[str]) -> bytes:
    """Convert one event of layout 1. A damaged line is kept, so that readers count it."""
    try:
        return line_of(_migrate_event(json.loads(line), datasets))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return line


def _migrate_event(event: dict[str, Any], datasets: list[str]) -> dict[str, Any]:
    match event["event"]:
        case "run.created" if "job" in event:
            request = request_of(event.pop("job"))
            datasets.extend(request["file_datasets"])
            return {**event, "request": request}
        case "run.submitting":
            event.pop("request", None)
        case "supervisor.started":
            return {**event, "event": "run.supervised", "process": event.pop("pid")}
        case "stage.finished" if event["stage"] == "dataset" and datasets:
            return {**event, "name": datasets[0]}
    return event


def request_of(job: dict[str, Any]) -> dict[str, Any]:
    """Convert a job of layout 1 to a RunRequest as JSON."""
    dataset, model, compute = job.pop("dataset", None), job["model"], job["compute"]
    paths = {name: model.pop(name) for name in ("directory", "arguments", "checkpoint_path") if name in model}
    metric = model.pop("metric", None)
    model["script"] = {**paths, "file": model["script"]}
    # Layout 1 did not say which values are better; nothing depended on it.
    model["primary_metric"] = {"name": metric, "goal": "maximize"} if metric else None
    if compute.get("size") is None:  # on one machine, max_nodes was the number of runs at a time
        compute["slots"], compute["max_nodes"] = compute.get("max_nodes", 1), 1
    return {**job, "file_datasets": {dataset["name"]: dataset} if dataset else {}}


def _move_markers(root: Path) -> None:
    """Move the markers of open runs from open/KEY.RUN to folders, by the key that the run's request has now."""
    markers = OpenRuns(root / "open")
    for marker in (root / "open").glob("*.*"):
        run = RunFolder(root / "runs" / marker.name.partition(".")[2])
        with suppress(RecordError, ValueError, TypeError):  # a run without a request was never started
            record = run.refresh()
            key = record.the_request().key
            markers.add(run.path.name, key)
            if record.detached:
                markers.detach(run.path.name, key)
        marker.unlink(missing_ok=True)
