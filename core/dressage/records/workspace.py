"""A workspace: the folder that holds the records of runs and whatever platforms keep beside them.

.dressage/
  workspace.json      which layout this is
  runs/RUN/           journal.jsonl, and what the platform keeps of the run
  snapshots/DIGEST/   source directories by content
  open/KEY.RUN        runs whose end has not been seen, by what was asked for
  index.sqlite        a cache over the journals; it may be deleted
"""

import json
from dataclasses import dataclass
from pathlib import Path

from dressage.errors import SettingsError
from dressage.files.atomic import write_json

FOLDER = ".dressage"
LAYOUT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """root: the `.dressage` folder itself."""

    root: Path

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def exists(self) -> bool:
        return (self.root / "workspace.json").exists()

    def run(self, run_id: str) -> Path:
        return self.runs / run_id

    def create(self) -> None:
        """Make the folder, or leave the one that is there. Raises SettingsError where it cannot be made."""
        self.check()
        try:
            for folder in (self.runs, self.root / "snapshots", self.root / "open"):
                folder.mkdir(parents=True, exist_ok=True)
            if not self.exists:
                # The records hold nothing that belongs in a repository.
                (self.root / ".gitignore").write_text("*\n")
                write_json(self.root / "workspace.json", {"layout": LAYOUT})
        except OSError as error:
            raise SettingsError(
                f"cannot make a workspace in {str(self.root)!r}: {error.strerror}; name another folder with"
                " DRESSAGE_WORKSPACE"
            ) from error

    def check(self) -> None:
        """Raises SettingsError for a workspace of another layout, or one whose marker is damaged."""
        marker = self.root / "workspace.json"
        try:
            layout = json.loads(marker.read_text())["layout"]
        except (FileNotFoundError, NotADirectoryError):
            return
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(
                f"{str(marker)!r} is damaged; put {json.dumps({'layout': LAYOUT})} into it"
            ) from error
        if layout != LAYOUT:
            raise SettingsError(
                f"workspace {str(self.root)!r} has layout {layout}, this dressage reads {LAYOUT}; update dressage"
            )


def find_workspace(start: Path, named: str | None = None) -> Path:
    """Where the workspace is, or would be made: `named`, else the nearest `.dressage` upward, else in `start`."""
    if named:
        return start / Path(named).expanduser()
    for folder in (start, *start.parents):
        if (folder / FOLDER / "workspace.json").exists():
            return folder / FOLDER
    return start / FOLDER
