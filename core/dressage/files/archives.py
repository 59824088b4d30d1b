"""Folders as archives in a stream, such as a connection to another machine."""

import tarfile
from pathlib import Path
from typing import IO

from dressage.errors import UnreachableError


def send_folder(folder: Path, stream: IO[bytes]) -> None:
    """Write the files below a folder to the stream."""
    with tarfile.open(fileobj=stream, mode="w|") as archive:
        archive.add(folder, "")


def receive_folder(stream: IO[bytes], folder: Path) -> None:
    """Write the files that arrive below a folder; links that lead out of it are refused.

    If the stream ends between two files, there is no error: the caller compares digests, or asks the sender.
    Raises UnreachableError if the stream ends within a file.
    """
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            archive.extractall(folder, filter="data")
    except tarfile.ReadError as error:
        raise UnreachableError("model", "the connection ended before all files had arrived") from error
