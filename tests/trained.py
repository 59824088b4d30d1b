"""A project with real runs, whose workspace can be damaged and restored."""

import json
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.clients import processes_below
from tests.commandline import call
from tests.waiting import eventually

SCRIPT = """\
# /// script
# dependencies = []
# ///
import pathlib, sys
pathlib.Path("outputs/model").mkdir(parents=True, exist_ok=True)
pathlib.Path("outputs/model/weights").write_text(sys.argv[2])
print("rate", sys.argv[2])
"""
RUN = ("run", "train.py", "--input", "data=rows", "--model", "m", "--", "{data}")
READ_BACK = (
    *("workspace.json", "completed", "clock", "index.sqlite", "hashes.sqlite", "observers/status/*"),
    *("compute/*.json", "compute/*.queue/number", "compute/*.queue/keepers/*", "compute/*.queue/waiting/*"),
    *("datasets/*/*.json", "datasets/*/1/*", "models/*/*.json", "models/*/1/*", "objects/*/*"),
    *("environments/*/environment.json", "environments/*/lock.txt", "environments/*/*.json", "open/*/*"),
    *(
        "runs/*/journal.jsonl",
        "runs/*/launch.json",
        "runs/*/log.txt",
        "runs/*/*.lock",
        "runs/*/observers.json",
    ),
)


class Trained(NamedTuple):
    """A project with runs. kept: a copy of its workspace. runs: their ids. files: those that are read back."""

    project: Path
    kept: Path
    runs: tuple[str, ...]
    files: tuple[str, ...]

    def restore(self) -> Path:
        """Make the workspace what it was. A keeper of a run before must have ended: it would write into it."""
        eventually(lambda: not processes_below(self.project))
        workspace = self.project / ".dressage"
        subprocess.run(["chmod", "-R", "u+rwX", workspace], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["rm", "-rf", workspace], check=True)
        subprocess.run(["cp", "-a", self.kept, workspace], check=True)
        return workspace


def train(project: Path) -> Trained:
    """Fill an empty folder. The workspace's copy is next to it."""
    (project / "train.py").write_text(SCRIPT)
    (project / "rows").mkdir()
    (project / "rows" / "a.csv").write_text("1,2\n")
    (project / "dressage.toml").write_text("")
    for arguments in (("datasets", "register", "others", "rows"), *((*RUN, rate) for rate in "123")):
        assert call(project, *arguments).code == 0
    workspace = project / ".dressage"
    (workspace / "models" / "m" / "registry.json").write_text(
        json.dumps({"name": "m", "created_ms": 1, "updated_ms": 2, "aliases": {"best": 1}})
    )
    eventually(lambda: not processes_below(project))
    kept = project.with_name(f"{project.name}-kept")
    subprocess.run(["cp", "-a", workspace, kept], check=True)
    runs = tuple(sorted(path.name for path in (workspace / "runs").iterdir()))
    found = {str(path.relative_to(workspace)) for pattern in READ_BACK for path in workspace.glob(pattern)}
    return Trained(project, kept, runs, tuple(sorted(found)))
