"""Atomic writes of small files: a reader sees the whole file or none, even after a crash."""

import json
import os
from pathlib import Path
from typing import Any

from dressage.files.syncing import sync_files, sync_folder


def write_json(path: Path, value: Any, *, indent: int | None = None, durable: bool = False) -> None:
    """Write a JSON value to a temporary file and rename it to `path`; the last writer wins.

    durable: as for `write_bytes`.
    """
    write_bytes(path, (json.dumps(value, indent=indent) + "\n").encode(), durable=durable)


def write_bytes(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Write a temporary file and rename it to `path`; the last writer wins.

    durable: the file and its name are on the disk when this returns. Otherwise a power failure may leave the file as
    it was, or empty.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        temporary.write_bytes(content)
        if durable:
            sync_files([str(temporary)])
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)
