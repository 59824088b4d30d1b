"""The files of a run, and whose artifacts they become."""

from pathlib import Path

from dressage.files.trees import files_below
from dressage.files.walking import leads_out, walk
from dressage.records.run_folder import RunFolder

LOG = "user_logs/std_log.txt"
Found = tuple[str, str, str, str]
"""An owner ("run", "child" or "model"), its id, the path among its artifacts, and the path on this machine."""


def find_files(folder: RunFolder, given: Path | None) -> list[Found]:
    """Return the files to copy. given: a folder with all files of the run; None for those in the run's folder."""
    if given is not None:
        return [_assign(path, given / path) for path in sorted(files_below(given))]
    places = {"outputs/": folder.work / "outputs", "logs/": folder.work / "logs", "": folder.artifacts}
    found = [("run", "", LOG, str(folder.log))] if folder.log.exists() else []
    for prefix, directory in places.items():
        inside = folder.work if prefix else directory
        files = () if leads_out(directory, inside) else walk(directory, inside=inside)
        paths = sorted(file.path for file in files if file.problem is None)
        found += [_assign(prefix + path, directory / path) for path in paths]
    return found


def _assign(path: str, here: Path) -> Found:
    """Return whose artifact a file is: `models/ID/` belongs to a logged model, `runs/ID/` to a further run."""
    match path.split("/", 2):
        case ["models", model, rest]:
            return ("model", model, rest, str(here))
        case ["runs", child, rest]:
            return ("child", child, rest, str(here))
    return ("run", "", path, str(here))
