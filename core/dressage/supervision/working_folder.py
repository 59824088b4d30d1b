"""The working directory of a run's script: a copy of the source directory, made when the run starts."""

import shutil
from pathlib import Path

from dressage.errors import StageError
from dressage.files.digests import digest_of, digest_of_file
from dressage.files.trees import files_below
from dressage.records.run_folder import RunFolder
from dressage.supervision.launch import Launch


def prepare_work(folder: RunFolder, launch: Launch) -> None:
    """Create the working directory, unless an earlier attempt did: later attempts keep what earlier ones wrote."""
    if not folder.work.is_dir():
        partial = folder.work.with_name("work.partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(Path(launch.source), partial)
        _verify(partial, launch)
        for name in ("outputs", "logs"):
            (partial / name).mkdir(exist_ok=True)
        partial.rename(folder.work)
    folder.artifacts.mkdir(exist_ok=True)


def _verify(copy: Path, launch: Launch) -> None:
    """Raise StageError if the copy is not what the run was submitted with. A snapshot is named after its content."""
    digests = {path: digest_of_file(copy / path) for path in files_below(copy)}
    if digest_of(digests) != Path(launch.source).name:
        raise StageError(
            "model",
            f"the copy of the source directory, {launch.source!r}, was changed; to copy it again:"
            f" dressage resume {launch.run_id}",
        )
