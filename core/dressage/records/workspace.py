"""A workspace: the folder that holds the records of runs and whatever platforms keep beside them.

.dressage/
  workspace.json      which layout this is
  runs/RUN/           journal.jsonl, and what else there is of the run: see RunFolder
  snapshots/DIGEST/   source directories by content
  open/KEY.RUN        runs whose end has not been seen, by what was asked for
  index.sqlite        a cache over the journals; it may be deleted
"""

import json
import threading
from pathlib import Path
from weakref import WeakValueDictionary

from dressage.errors import SettingsError
from dressage.files.atomic import write_json
from dressage.records.layout import LAYOUT, needs_migration
from dressage.records.run_folder import RunFolder

FOLDER = ".dressage"


class Workspace:
    """root: the `.dressage` folder itself."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.runs = root / "runs"
        self.snapshots = root / "snapshots"
        self._marker = root / "workspace.json"
        self._folders: WeakValueDictionary[str, RunFolder] = WeakValueDictionary()
        self._guard = threading.Lock()

    @property
    def exists(self) -> bool:
        return self._marker.exists()

    def run(self, run_id: str) -> RunFolder:
        """The run's folder; the same object as long as somebody holds it, so that its journal is read once."""
        with self._guard:
            folder = self._folders.get(run_id)
            if folder is None:
                folder = self._folders[run_id] = RunFolder(self.runs / run_id)
            return folder

    def remember(self, run_id: str, key: str) -> None:
        """Mark a run as open: the same request finds it until its end has been seen."""
        (self.root / "open" / f"{key}.{run_id}").touch()

    def forget(self, run_id: str) -> None:
        for marker in (self.root / "open").glob(f"*.{run_id}"):
            marker.unlink(missing_ok=True)

    def open_runs(self, key: str) -> list[str]:
        """The ids of open runs of the same request, the oldest first."""
        return sorted(marker.name.partition(".")[2] for marker in (self.root / "open").glob(f"{key}.*"))

    def create(self) -> None:
        """Make the folder, or leave the one that is there. Raises SettingsError where it cannot be made."""
        self.open()
        try:
            for folder in (self.runs, self.snapshots, self.root / "open"):
                folder.mkdir(parents=True, exist_ok=True)
            if not self.exists:
                # The records hold nothing that belongs in a repository.
                (self.root / ".gitignore").write_text("*\n")
                write_json(self._marker, {"layout": LAYOUT})
        except OSError as error:
            raise SettingsError(
                f"cannot make a workspace in {str(self.root)!r}: {error.strerror}; name another folder with"
                " DRESSAGE_WORKSPACE"
            ) from error

    def open(self) -> None:
        """Bring a workspace of an earlier layout up to date; one that is not there is left so.

        Raises SettingsError for one of a later layout, one whose marker is damaged, or one that cannot be written
        and has to be.
        """
        try:
            marker = json.loads(self._marker.read_text())
            is_earlier = needs_migration(marker)
        except (FileNotFoundError, NotADirectoryError):
            return
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(
                f"{str(self._marker)!r} is damaged; put {json.dumps({'layout': LAYOUT})} into it"
            ) from error
        if is_earlier:
            from dressage.records.migration import migrate

            migrate(self.root)
        elif marker["layout"] != LAYOUT:
            raise SettingsError(
                f"workspace {str(self.root)!r} has layout {marker['layout']}, this dressage reads {LAYOUT};"
                " update dressage"
            )


def find_workspace(start: Path, named: str | None = None) -> Path:
    """Where the workspace is, or would be made: `named`, else the nearest `.dressage` upward, else in `start`."""
    if named:
        return start / Path(named).expanduser()
    for folder in (start, *start.parents):
        if (folder / FOLDER / "workspace.json").exists():
            return folder / FOLDER
    return start / FOLDER
