"""Atomic writes of small files: a reader sees the whole file or none, even after a crash."""

import json
import os
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any, *, indent: int | None = None) -> None:
    """Write a JSON value to a temporary file and rename it to `path`; the last writer wins."""
    write_bytes(path, (json.dumps(value, indent=indent) + "\n").encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a temporary file and rename it to `path`; the last writer wins."""
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
