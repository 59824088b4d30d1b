"""Copy entries and files of runs with the worker."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from dressage.errors import UnreachableError
from dressage.files.locks import FileLock
from dressage.records.run_folder import RunFolder
from dressage.results.statuses import ENDED
from dressage.workers import Worker, WorkerError
from dressage_mlflow.addresses import Address, parse_address
from dressage_mlflow.contexts import read_context
from dressage_mlflow.files import find_files

_WORKER = Path(__file__).parent / "worker"
Progress = Callable[[str, int, int | None], None]
Entries = Sequence[tuple[int, Mapping[str, Any]]]


class Copier:
    """Copies the runs of one workspace. root: its root."""

    def __init__(self, root: Path) -> None:
        self._worker = Worker(
            "mlflow",
            lock=_WORKER / "requirements.lock",
            source=_WORKER,
            module="handlers",
            log=root / "mlflow-worker.log",
        )

    def copy(
        self, address: str, folder: RunFolder, entries: Entries, files: Path | None, progress: Progress
    ) -> list[str]:
        """Copy entries, and the run's files if one of the entries is its end. Return what was left out, by line.

        files: a folder with all files of the run; None for those in the run's folder.
        Raises UnreachableError if the server cannot be reached, SettingsError for an address that cannot be used.
        """
        target = parse_address(address, Path.cwd())
        folder.cursors.mkdir(exist_ok=True)
        with FileLock(folder.cursors / "mlflow.lock"):  # a mirror and an export could create the run twice
            notes = self._send(target, folder, [_prepare(end, entry) for end, entry in entries], progress)
            if any(entry.get("state") in ENDED for _, entry in entries):
                found = find_files(folder, files)
                notes += self._call("runs.upload", target, folder, progress, files_=found)
        return notes

    def _send(
        self, target: Address, folder: RunFolder, entries: list[tuple[int, Any]], progress: Progress
    ) -> list[str]:
        try:
            return self._call("runs.send", target, folder, progress, context=None, entries_=entries)
        except WorkerError as error:
            if error.kind != "context":
                raise
        context = read_context(folder)
        return self._call("runs.send", target, folder, progress, context=context, entries_=entries)

    def _call(
        self, method: str, target: Address, folder: RunFolder, progress: Progress, **arguments: Any
    ) -> list[str]:
        try:
            notes: list[str] = self._worker.call(
                method,
                progress,
                address=target.plain,
                credentials=target.credentials,
                run=folder.path.name,
                **arguments,
            )
        except WorkerError as error:
            if error.kind == "context":
                raise
            raise UnreachableError("observer", f"MLflow server: {error}") from error
        return notes


def _prepare(end: int, entry: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
    """Return an entry as the worker gets it: without the request, and with the end in milliseconds."""
    kept = {name: value for name, value in entry.items() if name not in ("request", "judgement")}
    if entry.get("event") == "state":
        kept["ended_ms"] = milliseconds_of(str(entry.get("ended") or entry["time"]))
    return end, kept


def milliseconds_of(time: str) -> int:
    """Return a time in ISO 8601 as milliseconds since 1970."""
    return int(datetime.fromisoformat(time).timestamp() * 1000)
