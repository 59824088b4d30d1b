"""Read a CSV file: its header, and its rows as a table of pandas. Raises InputError for invalid files."""

import csv
import difflib
import gzip
import re
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO, cast

import numpy as np
import pandas as pd

from shared.problems import InputError

_LEAST_ROWS = 10
_GZIP = b"\x1f\x8b"
"""How a compressed file begins."""
_MOST_NAMES = 20
"""How many names of columns a message lists."""
_VALUE = re.compile(r"-?\d*\.\d+|\d{4}-\d\d-\d\d")
"""Numbers with decimals, and dates: they are seldom names of columns."""


def find_file(folder: Path) -> Path:
    """Find the only file in the folder or below.

    Azure ML creates subfolders for a file from a web address, and names it as the address does.
    """
    found = [path for path in folder.rglob("*") if path.is_file()]
    if len(found) != 1:
        raise InputError(f"{str(folder)!r} contains {len(found)} files; give a folder with one CSV file")
    return found[0]


def read_table(path: Path) -> pd.DataFrame:
    """Return the rows. Columns of text become categories, in alphabetical order."""
    try:
        header, first = _read_lines(path)
        _check_header(path, header)
        if len(first) > len(header):  # otherwise pandas takes the first fields as names of the rows
            raise InputError(
                f"{path}: line 2 has {len(first)} fields, but the header has {len(header)}; correct the file"
            )
        with _open(path) as file:
            table = pd.read_csv(file, low_memory=False, skipinitialspace=True)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text in UTF-8 ({error.reason}); convert it") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path} is not a complete gzip file ({error}); download it again") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error) as error:
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise InputError(f"{path} cannot be read: {reason}; correct the file") from error
    if len(table) < _LEAST_ROWS:
        raise InputError(f"{path} has {len(table)} rows below the header; give at least {_LEAST_ROWS}")
    table.columns = pd.Index(header)
    text = [name for name in header if not pd.api.types.is_numeric_dtype(table[name])]
    return table.astype(dict.fromkeys(text, "category"))


def find_target(table: pd.DataFrame, name: str | None) -> str:
    """Return the name of the target; the last column by default."""
    columns = list(table.columns)
    if name is None:
        return str(columns[-1])
    if name not in columns:
        close = difflib.get_close_matches(name, columns, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ";"
        raise InputError(f"no column named {name!r} in the header{hint} columns: {_list_names(columns)}")
    return name


def check_target(target: pd.Series) -> None:
    """Raise InputError if values are missing or infinite, or all values are equal."""
    missing = target.index[target.isna() | target.isin([np.inf, -np.inf])]
    if len(missing):
        others = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError(
            f"the target {target.name!r} has no finite value in row {missing[0] + 1}{others};"
            " fill or remove these rows"
        )
    if target.nunique() < 2:
        raise InputError(
            f"the target {target.name!r} is {target.iloc[0]!s} in all rows; give a column with several values"
        )


def _open(path: Path) -> TextIO:
    """Open a file as text, compressed or not."""
    with path.open("rb") as file:
        is_compressed = file.read(2) == _GZIP
    if is_compressed:
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8-sig", newline=""))
    return path.open(encoding="utf-8-sig", newline="")


def _read_lines(path: Path) -> tuple[list[str], list[str]]:
    """Return the fields of the first two lines."""
    with _open(path) as file:
        lines = csv.reader(file, skipinitialspace=True)
        return [name.strip() for name in next(lines, [])], next(lines, [])


def _check_header(path: Path, header: list[str]) -> None:
    if not header:
        what = f"the first line of {path} is empty" if path.stat().st_size else f"{path} is empty"
        raise InputError(f"{what}; give a CSV file whose first line is the header")
    if all(_is_number(name) for name in header):
        raise InputError(
            f"the first line of {path} has numbers only; add a line with the names of the columns"
        )
    if "" in header:
        raise InputError(f"column {header.index('') + 1} of {path} has no name; add it to the first line")
    if twice := sorted(name for name in set(header) if header.count(name) > 1):
        raise InputError(f"{path} has two columns named {twice[0]!r}; rename one")
    if values := [name for name in header if _VALUE.fullmatch(name)]:
        print(
            f"warning: {values[0]!r} in the first line of {path} is taken for the name of a column",
            flush=True,
        )
    if len(header) == 1:
        raise InputError(f"{path} has one column, {header[0]!r}; give at least two, separated by commas")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _list_names(names: Iterable[str]) -> str:
    shown = list(names)
    more = f" and {len(shown) - _MOST_NAMES} more" if len(shown) > _MOST_NAMES else ""
    return ", ".join(shown[:_MOST_NAMES]) + more
