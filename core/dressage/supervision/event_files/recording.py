"""Record the scalars of event files as metrics of a run.

Each line of the journal says up to which byte of a file its metrics were read. So each value is recorded once, even
if the process is killed and another one continues.
"""

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import dirname
from typing import Any

from dressage.files.disk import describe
from dressage.files.locks import FileLock, is_locked
from dressage.records.run_folder import RunFolder
from dressage.results.entries import BatchLogged, MetricsLogged
from dressage.results.metrics import Point
from dressage.supervision.event_files.finding import find_event_files, prefixes_of
from dressage.supervision.event_files.framing import DamagedError
from dressage.supervision.event_files.scalars import EventFile, Scalar
from dressage.supervision.launch import Launch

_MOST_ITEMS = 1000
"""How many values a line of the journal has."""
_REFUSED = re.compile(r"[^/\w.\- :]")
"""Characters that MLflow does not accept in the name of a metric."""


@dataclass
class _Progress:
    """What the journal says of earlier readers.

    ends: up to which byte they read each file. current: the files whose new part they read for this attempt.
    logged: the names of the metrics that the script logged with MLflow.
    """

    ends: dict[str, int] = field(default_factory=dict)
    current: set[str] = field(default_factory=set)
    logged: set[str] = field(default_factory=set)


def record_event_files(folder: RunFolder, launch: Launch, attempt: int) -> None:
    """Record what an attempt wrote to event files, as far as it is not recorded; its script has ended.

    Metrics that the script logged with MLflow under the same name are kept instead. Raises OSError if the journal
    cannot be written; then the call can be repeated.
    """
    with FileLock(folder.lock("metrics")):
        _record(folder, launch, attempt)


def record_abandoned(folder: RunFolder, attempt: int) -> None:
    """Record the event files of an attempt whose supervisor was killed; its script may still be running."""
    launch = Launch.find(folder.launch)
    if launch is None or next(find_event_files(folder.work), None) is None:
        return
    with FileLock(folder.lock("metrics")):
        if not is_locked(folder.lock("supervisor")) and folder.refresh().attempt == attempt == launch.attempt:
            _record(folder, launch, attempt)


def read_metrics(work: Path, logged: Container[str] = ()) -> tuple[dict[str, list[Point]], list[str]]:
    """Read the metrics in the event files of a script that has ended; nothing is recorded.

    work: contains outputs/, logs/ and the other folders in which event files are looked for. logged: names of metrics
    that the script logged elsewhere, which are left out.
    Returns: values by name, and a line for each file that cannot be read to its end.
    """
    paths = sorted(find_event_files(work))
    prefixes, metrics, problems = prefixes_of(paths), dict[str, list[Point]](), list[str]()
    for path in paths:
        for scalars, fields in _read(work, path, 0, is_written=False):
            for item in _items(scalars, prefixes[dirname(path)], logged):
                metrics.setdefault(item.pop("key"), []).append(Point(**item))
            problems += [f"{path!r}: {fields['problem']}"] if "problem" in fields else []
    return metrics, problems


def _record(folder: RunFolder, launch: Launch, attempt: int) -> None:
    paths = sorted(find_event_files(folder.work))
    progress = _read_progress(folder, attempt)
    for path in paths:
        progress.ends.setdefault(path, _size(Path(launch.source, path)))
    new = [path for path in paths if _size(folder.work / path) > progress.ends[path]]
    prefixes = prefixes_of(progress.current.union(new))
    is_written = is_locked(folder.lock("script"))
    for path in new:
        for scalars, fields in _read(folder.work, path, progress.ends[path], is_written=is_written):
            items = _items(scalars, prefixes[dirname(path)], progress.logged)
            folder.journal.append("metrics", attempt=attempt, items=items, **fields)


def _read_progress(folder: RunFolder, attempt: int) -> _Progress:
    progress = _Progress()
    for entry in folder.journal.events():
        parts = entry.parts if isinstance(entry, BatchLogged) else (entry,)
        for part in parts:
            if isinstance(part, MetricsLogged) and getattr(entry, "run", None) is None:
                _note(progress, part, is_current=entry.attempt == attempt)
    return progress


def _note(progress: _Progress, logged: MetricsLogged, *, is_current: bool) -> None:
    if logged.file is None:
        progress.logged.update(item.key for item in logged.items)
        return
    progress.ends[logged.file] = logged.end
    if is_current:
        progress.current.add(logged.file)


def _read(
    work: Path, path: str, known: int, *, is_written: bool
) -> Iterator[tuple[list[Scalar], dict[str, Any]]]:
    """Yield scalars after byte `known`, and what else the journal's line says.

    The last line says that the file was read to its end, or what is wrong with it. is_written: its script is still
    running, so the last event may be incomplete.
    """
    file, found, end = work / path, list[Scalar](), known
    last: dict[str, Any] = {"file": path, "end": max(known, _size(file))}
    try:
        with file.open("rb") as opened:
            for frame, scalars in EventFile().read(opened):
                found += scalars if frame.start >= known else ()
                end = max(end, frame.end)
                if len(found) >= _MOST_ITEMS:
                    yield found, {"file": path, "end": end}
                    found = []
    except DamagedError as error:
        last |= {"end": end} if is_written else {"problem": str(error)}
    except OSError as error:
        last["problem"] = describe(error)
    yield found, last


def _items(scalars: Iterable[Scalar], prefix: str, logged: Container[str]) -> list[dict[str, Any]]:
    """Return the items of the journal's event, without metrics that the script logged itself."""
    named = ((_name_of(f"{prefix}{scalar.tag}"), scalar) for scalar in scalars)
    return [
        {"key": name, "value": scalar.value, "step": scalar.step, "timestamp": scalar.timestamp}
        for name, scalar in named
        if name not in logged
    ]


def _name_of(tag: str) -> str:
    """Return the tag as a name that MLflow accepts; almost all tags are."""
    parts = _REFUSED.sub("_", tag).split("/")
    return "/".join(part for part in parts if part.strip(".")) or "_"


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
