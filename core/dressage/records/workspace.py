"""A workspace: the folder that holds the records of runs and the files of platforms.

.dressage/
  workspace.json      the number of the layout
  runs/RUN/           journal.jsonl and the run's other files: see RunFolder
  snapshots/DIGEST/   copies of source directories, by content
  texts/DIGEST        long texts of records, by content: see Texts
  open/KEY/RUN        markers of open runs, by their request's key: see OpenRuns
  adopting/           records of runs that were started elsewhere, while they are made: see adopt_run
  completed           ids of completed runs: see RunFolder
  clock               its time is the order of the last run: see dressage.records.run_order
  index.sqlite        a cache of the journals; it may be deleted
  hashes.sqlite       a cache of the digests of files; it may be deleted

Nobody else can enter the folder, unless the setting `workspace_mode` said otherwise when it was created. New files
have the permissions of the folder: see `files.permissions`.
"""

import json
import stat
import threading
from contextlib import suppress
from pathlib import Path
from weakref import WeakValueDictionary

from dressage.errors import SettingsError
from dressage.files.atomic import write_json
from dressage.files.permissions import as_user
from dressage.files.regular import read_regular
from dressage.records.layout import LAYOUT, earlier_layout
from dressage.records.open_runs import OpenRuns
from dressage.records.run_folder import RunFolder

FOLDER = ".dressage"
PRIVATE = 0o700


class Workspace:
    """root: the `.dressage` folder itself. mode: its permissions, if it is created."""

    def __init__(self, root: Path, mode: int = PRIVATE) -> None:
        self.root = root
        self._mode = mode
        self.runs = root / "runs"
        self.snapshots = root / "snapshots"
        self.open_runs = OpenRuns(root / "open")
        self._marker = root / "workspace.json"
        self._folders: WeakValueDictionary[str, RunFolder] = WeakValueDictionary()
        self._guard = threading.Lock()

    @property
    def exists(self) -> bool:
        return self._marker.exists()

    @property
    def mode(self) -> int:
        """The permissions of the folder; those that it will get, if it does not exist."""
        try:
            return stat.S_IMODE(self.root.stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return self._mode

    def run(self, run_id: str) -> RunFolder:
        """Return the run's folder: the same object while it is in use, so that its journal is read only once."""
        with self._guard:
            folder = self._folders.get(run_id)
            if folder is None:
                folder = self._folders[run_id] = RunFolder(self.runs / run_id)
            return folder

    def create(self) -> None:
        """Create the workspace, or open the existing one. Raises SettingsError if it cannot be created."""
        self.open()
        try:
            self._create_root()
            for folder in (self.runs, self.snapshots, self.open_runs.folder):
                if not folder.is_dir():
                    folder.mkdir(parents=True, exist_ok=True)
            if not self.exists:
                # Records do not belong in a repository.
                (self.root / ".gitignore").write_text("*\n")
                write_json(self._marker, {"layout": LAYOUT})
        except OSError as error:
            raise SettingsError(
                f"cannot create a workspace in {str(self.root)!r}: {error.strerror}; set DRESSAGE_WORKSPACE to"
                " another folder"
            ) from error

    def _create_root(self) -> None:
        """Create the folder with its permissions. One that exists keeps its own: others may share it on purpose."""
        with as_user():
            self.root.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            self.root.mkdir(self._mode & 0o777)
            self.root.chmod(self._mode)  # whatever the umask is

    def open(self) -> None:
        """Migrate a workspace of an earlier layout; do nothing if the workspace does not exist.

        Raises SettingsError if the layout is later than ours, workspace.json is damaged, or the migration fails.
        """
        try:
            marker = json.loads(read_regular(self._marker))
            is_earlier = earlier_layout(marker) is not None
        except (FileNotFoundError, NotADirectoryError):
            return
        except PermissionError as error:
            raise SettingsError(
                f"workspace {str(self.root)!r} belongs to another user and is not shared; set DRESSAGE_WORKSPACE to"
                " another folder"
            ) from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise SettingsError(
                f"{str(self._marker)!r} is damaged; replace its content with {json.dumps({'layout': LAYOUT})}"
            ) from error
        if is_earlier:
            from dressage.records.migration import migrate

            migrate(self.root)
        elif marker["layout"] != LAYOUT:
            raise SettingsError(
                f"workspace {str(self.root)!r} has layout {marker['layout']}, but this version of dressage reads"
                f" layout {LAYOUT}; update dressage"
            )


def find_workspace(start: Path, named: str | None = None) -> Path:
    """Return the workspace's path: `named`, else the nearest `.dressage` in `start` or above, else `start/.dressage`.

    The workspace may not exist yet.
    """
    if named:
        return start / Path(named).expanduser()
    for folder in (start, *start.parents):
        if _is_workspace(folder / FOLDER):
            return folder / FOLDER
    return start / FOLDER


def _is_workspace(folder: Path) -> bool:
    """Return whether the folder is a workspace. One that only its owner can read is one, too."""
    try:
        return (folder / "workspace.json").exists()
    except PermissionError:
        return True
