"""The working directory of a run's script: a copy of the source directory, made when the run starts."""

import shutil
from pathlib import Path

from dressage.records.run_folder import RunFolder
from dressage.supervision.launch import Launch


def prepare_work(folder: RunFolder, launch: Launch) -> None:
    """Create the working directory, unless an earlier attempt did: later attempts keep what earlier ones wrote."""
    if not folder.work.is_dir():
        partial = folder.work.with_name("work.partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(Path(launch.source), partial)
        for name in ("outputs", "logs"):
            (partial / name).mkdir(exist_ok=True)
        partial.rename(folder.work)
    folder.artifacts.mkdir(exist_ok=True)
