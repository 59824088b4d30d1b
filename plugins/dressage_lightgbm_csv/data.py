"""The dataset: one CSV file, from a path or a web address."""

import re
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from dressage import FileDataset, SettingsError, Source
from dressage.specs.datasets import WEB

_NEXT = "give the path or URL of a CSV file whose first line is the header"


def describe_dataset(data: str) -> FileDataset:
    """Return the dataset for the setting `data`. Raises SettingsError if it is missing or names no file."""
    if not data:
        raise SettingsError(f"setting data is missing; {_NEXT}, as in --set data=table.csv")
    name = _file_name(data)
    stem = re.sub(r"[^A-Za-z0-9]+", "-", name.removesuffix(".gz").removesuffix(".csv")).strip("-") or "csv"
    source = Source(path="table.csv", addresses=(_address(data),))
    return FileDataset(name=f"{stem}-dataset", sources=(source,), description=f"from {data}")


def _file_name(data: str) -> str:
    path = unquote(urlsplit(data).path) if data.startswith(WEB) else data
    return PurePosixPath(path).name


def _address(data: str) -> str:
    if data.startswith(WEB):
        return data
    path = Path(data).expanduser().absolute()
    if not path.is_file():
        raise SettingsError(f"setting data: {str(path)!r} is not a file; {_NEXT}")
    return str(path)
