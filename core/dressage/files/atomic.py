"""Small files that are there whole or not at all, whoever else writes or dies meanwhile."""

import json
import os
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any, *, indent: int | None = None) -> None:
    """Write a JSON value aside and put it in place; the last of several writers stays."""
    aside = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        aside.write_text(json.dumps(value, indent=indent) + "\n")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
