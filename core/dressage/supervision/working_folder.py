"""The working directory of a run's script: a copy of the source directory, made when the run starts."""

import os
import time
from pathlib import Path

from dressage.errors import StageError
from dressage.files.copying import ChangedError, copy_once
from dressage.files.digests import digest_of
from dressage.files.trees import files_below, remove_tree
from dressage.records.run_folder import RunFolder
from dressage.supervision.launch import Launch

_PAST_S = 10
"""How far in the past the files of the source are dated: what the script writes is newer."""


def prepare_work(folder: RunFolder, launch: Launch) -> None:
    """Create the working directory, unless an earlier attempt did: later attempts keep what earlier ones wrote.

    Raises StageError if the source is not what the run was submitted with. A snapshot is named after its content.
    """
    if folder.work.is_dir():
        return
    partial, source = folder.work.with_name("work.partial"), Path(launch.source)
    if partial.exists():
        remove_tree(partial)
    even_s = (int(time.time()) - _PAST_S) // 2 * 2  # some file systems count in steps of two seconds
    date = even_s * 1_000_000_000
    if _copy(source, partial, date) != source.name:
        raise StageError(
            "model",
            f"the copy of the source directory, {launch.source!r}, was changed; to copy it again:"
            f" dressage resume {launch.run_id}",
        )
    folder.source_date.touch()
    os.utime(folder.source_date, ns=(date, date))
    for name in ("outputs", "logs"):
        (partial / name).mkdir(exist_ok=True)
    partial.rename(folder.work)


def _copy(source: Path, target: Path, date: int) -> str | None:
    """Copy a folder, and return the digest of the copy; None if the source was changed meanwhile.

    date: the modification time of the copies, in ns since 1970. A file that the script changes has another one.
    """
    digests, made = {}, set()
    target.mkdir(source.stat().st_mode & 0o777)
    for path in files_below(source):
        parent = path.rpartition("/")[0]
        if parent not in made:
            (target / parent).mkdir(parents=True, exist_ok=True)
            made.add(parent)
        mode = os.stat(f"{source}/{path}").st_mode & 0o777  # noqa: PTH116 - a Path for each file is slow
        try:
            digests[path] = copy_once(f"{source}/{path}", f"{target}/{path}", mode=mode).sha256
        except ChangedError:
            return None
        os.utime(f"{target}/{path}", ns=(date, date))
    return digest_of(digests)
