"""Where the files of a dataset version came from: NAME/VERSION.sources.json. Damaged files are made again."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from dressage.files.atomic import write_json
from dressage.files.regular import read_regular
from dressage.specs.credentials import hide_credentials
from dressage.specs.datasets import Source

Origins = Mapping[str, Sequence[str]]
"""The addresses of each file, by its path in the dataset."""

_MOST = 8
"""How many addresses are kept for a file: those of the latest registrations."""


def origins_of(sources: Sequence[Source]) -> Origins:
    return {source.path: source.addresses for source in sources}


def read_origins(folder: Path) -> Origins:
    """Return the origins of the version with this folder; none if they are not known."""
    try:
        return msgspec.json.decode(read_regular(_file(folder)), type=dict[str, list[str]])
    except (OSError, ValueError, RecursionError):
        return {}


def note_origins(folder: Path, new: Origins) -> None:
    """Add addresses to the known origins of a version, without their secrets; the latest come first."""
    known = read_origins(folder)
    new = {path: [*map(hide_credentials, addresses)] for path, addresses in new.items()}
    if all(set(addresses) <= set(known.get(path, ())) for path, addresses in new.items()):
        return
    joined = {
        path: list(dict.fromkeys([*addresses, *known.get(path, ())]))[:_MOST]
        for path, addresses in new.items()
    }
    write_json(_file(folder), {**known, **joined})


def _file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.sources.json")
