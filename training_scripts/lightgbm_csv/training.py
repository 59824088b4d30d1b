"""Boost from checkpoint to checkpoint, until the last round or until the validation loss no longer improves."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lightgbm_csv.tables import Table, load
from shared.checkpoints import Checkpoint, read_checkpoint
from shared.problems import InputError
from shared.recording import Recorder, open_recorder

if TYPE_CHECKING:
    from lightgbm_csv.boosting import Boosting

OUTPUTS = Path("outputs")


def train(options: argparse.Namespace) -> None:
    """Train, and save the model. Raises InputError."""
    table = load(options)
    rows = table.split(options.validation_share, options.seed)
    try:
        from lightgbm_csv.boosting import Boosting
        from lightgbm_csv.results import finish
    except OSError as error:  # the library of OpenMP, which LightGBM's wheel does not contain
        raise InputError(f"LightGBM cannot be loaded: {error}; install libgomp (Debian: libgomp1)") from error

    settings = _settings(options, table)
    boosting = Boosting(table, rows, options)
    checkpoint = _load_checkpoint(settings) or Checkpoint(0, (), (), settings)
    print(_headline(table, rows, checkpoint.epoch), flush=True)
    with open_recorder() as recorder:
        recorder.log_parameters(settings)
        while checkpoint.epoch < options.rounds and not stops(
            _validation(checkpoint), options.early_stopping
        ):
            checkpoint = _train_rounds(boosting, checkpoint, options, recorder)
        losses = _validation(checkpoint)
        best = losses.index(min(losses)) + 1 if options.early_stopping else len(losses)
        finish(model_of(checkpoint), best, losses[best - 1], table, rows[1], recorder)


def model_of(checkpoint: Checkpoint) -> str:
    """Return the model of a checkpoint as text; "" if no round is finished."""
    return b"".join(part.tobytes() for part in checkpoint.state).decode()


def stops(losses: Sequence[float], patience: int) -> bool:
    """Return whether too many rounds had no smaller loss. patience: how many are too many; 0 for any number."""
    return 0 < patience < len(losses) and len(losses) - 1 - losses.index(min(losses)) >= patience


def _validation(checkpoint: Checkpoint) -> list[float]:
    return [validation for _, validation in checkpoint.history]


def _train_rounds(
    boosting: "Boosting", checkpoint: Checkpoint, options: argparse.Namespace, recorder: Recorder
) -> Checkpoint:
    """Train up to the next checkpoint, record the rounds, and return it."""
    finished, earlier = checkpoint.epoch, _validation(checkpoint)
    model, losses = boosting.boost(
        model_of(checkpoint),
        finished,
        min(options.checkpoint_rounds, options.rounds - finished),
        lambda new: stops([*earlier, *new], options.early_stopping),
    )
    state = (np.frombuffer(model.encode(), np.uint8),)
    history = (*checkpoint.history, *losses)
    checkpoint = Checkpoint(len(history), state, history, checkpoint.settings)
    # Record before writing the checkpoint: after a kill in between, the rounds repeat and replace them.
    recorder.log_steps(
        {
            number: {"Training loss": training, "Validation loss": validation}
            for number, (training, validation) in enumerate(losses, start=finished + 1)
        }
    )
    checkpoint.write(OUTPUTS / "checkpoints")
    training, validation = losses[-1]
    words = f"training loss {training:.6g}  validation loss {validation:.6g}"
    print(f"round {checkpoint.epoch}/{options.rounds}  {words}", flush=True)
    return checkpoint


def _settings(options: argparse.Namespace, table: Table) -> dict[str, Any]:
    """Return what the model depends on. A checkpoint of other settings is refused."""
    names = (
        *("rounds", "learning_rate", "leaves", "leaf_rows", "row_share", "column_share"),
        *("validation_share", "early_stopping", "checkpoint_rounds", "seed"),
    )
    values = {name: getattr(options, name) for name in names}
    return {"target": table.target, "task": table.task, **values, "data": table.digest}


def _load_checkpoint(settings: dict[str, Any]) -> Checkpoint | None:
    folder = os.environ.get("DRESSAGE_RESUME_FROM")
    return read_checkpoint(Path(folder), settings) if folder else None


def _headline(table: Table, rows: tuple[np.ndarray, np.ndarray], finished: int) -> str:
    words = f"{len(rows[0])} training and {len(rows[1])} validation rows, {table.task} of {table.target!r}"
    words += f" from {len(table.names)} columns"
    if categories := table.categories():
        words += (
            f"; text as categories: {', '.join(f'{name} ({count})' for name, count in categories.items())}"
        )
    return words + (f", resuming after round {finished}" if finished else "")
