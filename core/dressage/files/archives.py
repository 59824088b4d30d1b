"""Folders as archives in a stream, such as a connection to another machine."""

import tarfile
from pathlib import Path
from typing import IO


def send_folder(folder: Path, stream: IO[bytes]) -> None:
    """Write the files below a folder to the stream."""
    with tarfile.open(fileobj=stream, mode="w|") as archive:
        archive.add(folder, "")


def receive_folder(stream: IO[bytes], folder: Path) -> None:
    """Write the files that arrive below a folder; links that lead out of it are refused.

    The stream may end early without an error. Only digests, or the exit code of the sender, say that all arrived.
    Raises tarfile.TarError for a damaged archive.
    """
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        archive.extractall(folder, filter="data")
