"""Checkpoints: the whole state after an epoch, in one file that is replaced atomically."""

import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from shared.problems import InputError

_NAME = "checkpoint.npz"


@dataclass(frozen=True)
class Checkpoint:
    """The state of training after an epoch.

    epoch: number of finished epochs. state: of the network and the optimizer. history: loss and accuracy of each
    epoch. settings: what the state depends on.
    """

    epoch: int
    state: tuple[np.ndarray, ...]
    history: tuple[tuple[float, float], ...]
    settings: dict[str, Any]

    def after(self, state: Sequence[np.ndarray], loss: float, accuracy: float) -> "Checkpoint":
        """Return the checkpoint after one more epoch."""
        history = (*self.history, (loss, accuracy))
        return replace(self, epoch=self.epoch + 1, state=tuple(state), history=history)

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{_NAME}.part"
        about = json.dumps({"epoch": self.epoch, "history": self.history, "settings": self.settings})
        with partial.open("wb") as file:
            np.savez(file, about, *self.state)
            file.flush()
            os.fsync(file.fileno())  # before the rename: otherwise a power cut can leave an empty file
        partial.replace(folder / _NAME)


def read_checkpoint(folder: Path, settings: dict[str, Any]) -> Checkpoint | None:
    """Return the checkpoint in the folder, or None. Raises InputError if it was made with other settings."""
    path = folder / _NAME
    if not path.exists():
        return None
    checkpoint = _read(path)
    for name, value in settings.items():
        saved = checkpoint.settings.get(name)
        if saved != value:
            raise InputError(
                f"{path} was made with {name} {saved}, not {value}; train from the start without DRESSAGE_RESUME_FROM"
            )
    return checkpoint


def _read(path: Path) -> Checkpoint:
    try:
        with np.load(path) as arrays:
            about = json.loads(str(arrays["arr_0"]))
            state = tuple(arrays[f"arr_{place}"] for place in range(1, len(arrays.files)))
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path} is not a checkpoint ({error}); remove it to train from the start"
        ) from error
    history = tuple((loss, accuracy) for loss, accuracy in about["history"])
    return Checkpoint(about["epoch"], state, history, about["settings"])
