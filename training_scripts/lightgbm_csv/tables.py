"""What is learned from a table: the columns, the target as numbers, and the rows for training and validation."""

import argparse
import hashlib
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lightgbm_csv.reading import check_target, find_file, find_target, read_table
from shared.problems import InputError

_MOST_CLASSES = 10
"""Up to how many different whole numbers are classes, if the task is not given."""


@dataclass(frozen=True)
class Table:
    """Rows to learn from.

    columns: what is learned from; with the names that they have in the model. names: those in the file, by these.
    target: the name of the target. labels: its values, or the numbers of their classes. task: what is predicted.
    classes: the values of the target, in the order of their numbers; () for regression. digest: of the file.
    """

    columns: pd.DataFrame
    names: dict[str, str]
    target: str
    labels: np.ndarray
    task: str
    classes: tuple[Any, ...]
    digest: str

    def split(self, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of the rows for training, and of those for validation, both in the file's order."""
        count = min(max(1, round(len(self.labels) * share)), len(self.labels) - 1)
        order = np.random.default_rng(seed).permutation(len(self.labels))
        return np.sort(order[count:]), np.sort(order[:count])

    def categories(self) -> dict[str, int]:
        """Return the number of categories of each column of text, by its name in the file."""
        return {
            self.names[name]: len(self.columns[name].cat.categories)
            for name in self.columns
            if isinstance(self.columns[name].dtype, pd.CategoricalDtype)
        }


def load(options: argparse.Namespace) -> Table:
    """Read the file of the data folder. Raises InputError for an invalid file or target."""
    path = find_file(options.data_folder)
    rows = read_table(path)
    target = find_target(rows, options.target)
    values = rows.pop(target)
    check_target(values)
    task = _choose_task(values, options.task)
    classes, labels = _number(values, task)
    names = _safe_names(list(rows.columns))
    rows.columns = pd.Index(names)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    return Table(rows, names, target, labels, task, classes, digest)


def _choose_task(values: pd.Series, wanted: str) -> str:
    """Return the task that is wanted, or the one that fits the values. Raises InputError if they do not fit."""
    count = values.nunique()
    is_number = pd.api.types.is_numeric_dtype(values)
    if wanted == "regression" and not is_number:
        raise InputError(
            f"task is regression, but the target {values.name!r} has text such as {values.iloc[0]!r}; give multiclass"
        )
    if wanted == "binary" and count != 2:
        raise InputError(
            f"task is binary, but the target {values.name!r} has {count} values; give another task"
        )
    if wanted != "auto":
        return wanted
    if count == 2:
        return "binary"
    few = count <= _MOST_CLASSES and is_number and bool((values % 1 == 0).all())
    return "multiclass" if few or not is_number else "regression"


def _number(values: pd.Series, task: str) -> tuple[tuple[Any, ...], np.ndarray]:
    """Return the classes, and the number of the class of each row; for regression, the values."""
    if task == "regression":
        return (), values.to_numpy(np.float64)
    codes, classes = pd.factorize(values.to_numpy(), sort=True)
    return tuple(classes.tolist()), codes.astype(np.int32)


def _safe_names(names: list[str]) -> dict[str, str]:
    """Return the columns' names in the file, by the names in the model: LightGBM refuses some characters."""
    safe: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[^\w.+%()/-]", "_", name)
        candidates = (plain, *(f"{plain}_{number}" for number in range(2, len(names) + 2)))
        safe[next(other for other in candidates if other not in safe)] = name
    return safe
