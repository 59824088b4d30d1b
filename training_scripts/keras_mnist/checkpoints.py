"""Checkpoints: all that the next epoch begins with, in one file that is there whole or not at all."""

import json
import os
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from problems import InputError

_NAME = "checkpoint.npz"


@dataclass(frozen=True)
class Checkpoint:
    """The network after an epoch.

    epoch: how many are done. variables: the network's, then the optimizer's. history: loss and accuracy by epoch.
    settings: what the variables depend on.
    """

    epoch: int
    variables: tuple[np.ndarray, ...]
    history: tuple[tuple[float, float], ...]
    settings: dict[str, Any]

    @classmethod
    def of(cls, model: Any, settings: dict[str, Any]) -> "Checkpoint":
        return cls(0, _values(model), (), settings)

    def after(self, model: Any, loss: float, accuracy: float) -> "Checkpoint":
        """That of one epoch later."""
        history = (*self.history, (loss, accuracy))
        return replace(self, epoch=self.epoch + 1, variables=_values(model), history=history)

    def restore(self, model: Any) -> None:
        for variable, value in zip(_variables(model), self.variables, strict=True):
            variable.assign(value)

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        aside = folder / f"{_NAME}.part"
        facts = json.dumps({"epoch": self.epoch, "history": self.history, "settings": self.settings})
        with aside.open("wb") as file:
            np.savez(file, facts, *self.variables)
            file.flush()
            os.fsync(file.fileno())  # before the rename, or a power cut could leave the new name on no bytes
        aside.replace(folder / _NAME)


def newest(folder: Path, settings: dict[str, Any]) -> Checkpoint | None:
    """The checkpoint in the folder, None if there is none. Raises InputError for one of other settings."""
    path = folder / _NAME
    if not path.exists():
        return None
    checkpoint = _read(path)
    for name, value in settings.items():
        was = checkpoint.settings.get(name)
        if was != value:
            raise InputError(
                f"{path} was made with {name} {was}, not {value}; start anew without DRESSAGE_RESUME_FROM"
            )
    return checkpoint


def _read(path: Path) -> Checkpoint:
    try:
        with np.load(path) as arrays:
            facts = json.loads(str(arrays["arr_0"]))
            variables = tuple(arrays[f"arr_{place}"] for place in range(1, len(arrays.files)))
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is no checkpoint ({error}); remove it and start anew") from error
    history = tuple((loss, accuracy) for loss, accuracy in facts["history"])
    return Checkpoint(facts["epoch"], variables, history, facts["settings"])


def _variables(model: Any) -> list[Any]:
    return [*model.variables, *model.optimizer.variables]


def _values(model: Any) -> tuple[np.ndarray, ...]:
    return tuple(np.asarray(variable.value) for variable in _variables(model))
