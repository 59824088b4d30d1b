"""The files of a run on this machine, by the paths that they are listed under."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from dressage.errors import NotFoundError, describe_unknown
from dressage.files.copying import copy_file
from dressage.files.walking import leads_out, walk
from dressage.records.run_folder import RunFolder
from dressage.results.versions import File
from dressage.supervision.left_files import find_left_files

LOG = "user_logs/std_log.txt"
"""Path under which the script's output is listed; the same as in Azure ML."""


def list_files(folder: RunFolder) -> Sequence[File]:
    """Return the run's files with their sizes."""
    files = []
    for path, location in sorted(_locate_files(folder).items()):
        with suppress(FileNotFoundError):  # the script has just removed it
            files.append(File(path=path, size=location.stat().st_size))
    return files


def download_files(folder: RunFolder, paths: Iterable[str], target: Path) -> None:
    """Copy files below `target`. Raises NotFoundError before anything is copied if one does not exist."""
    run_id, found, requested = folder.path.name, _locate_files(folder), list(paths)
    for path in requested:
        if path not in found:
            raise NotFoundError(describe_unknown(f"file of run {run_id!r}", path, found))
    for path in requested:
        copy = target / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            copy_file(found[path], copy)
        except FileNotFoundError as error:
            raise NotFoundError(
                f"file {path!r} of run {run_id!r} no longer exists; name the other files to download them"
            ) from error


def _locate_files(folder: RunFolder) -> dict[str, Path]:
    """Return the files by the path that they are listed under. A second file of one path is below artifacts/."""
    prefixes = {folder.work / "outputs": "outputs/", folder.work / "logs": "logs/", folder.artifacts: ""}
    found = {LOG: folder.log} if folder.log.exists() else {}
    found |= {f"work/{path}": folder.work / path for path in find_left_files(folder)}
    for directory, prefix in prefixes.items():
        for path in _walk(directory, folder):
            name = f"{prefix}{path}"
            found[name if name not in found else f"artifacts/{name}"] = directory / path
    return found


def _walk(directory: Path, folder: RunFolder) -> Iterator[str]:
    """Yield the paths of files; links that lead out of the run's folder are not among them."""
    inside = directory if directory == folder.artifacts else folder.work
    if not leads_out(directory, inside):
        yield from (found.path for found in walk(directory, inside=inside) if found.problem is None)
