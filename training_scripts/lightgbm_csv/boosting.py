"""Boost for some rounds, from a model as text to a model as text.

All rounds between two checkpoints are one training of LightGBM, which continues the model of the last checkpoint,
even if nothing interrupted it. Its seeds depend on the number of finished rounds. So a resumed training does exactly
what another one does, although LightGBM does not save the state of its random numbers.
"""

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import lightgbm as lgb
import numpy as np

from lightgbm_csv.tables import Table

Stops = Callable[[Sequence[float]], bool]
Losses = tuple[tuple[float, float], ...]
"""The training loss and the validation loss of each round."""
_METRICS = {"regression": "rmse", "binary": "binary_logloss", "multiclass": "multi_logloss"}


class Boosting:
    """Boosts on the rows for training, and measures on both parts. rows: their numbers, and those for validation."""

    def __init__(
        self, table: Table, rows: tuple[np.ndarray, np.ndarray], options: argparse.Namespace
    ) -> None:
        self._options = options
        self._parameters = _parameters(table, options)
        self._training = _dataset(table, rows[0], self._parameters)
        self._validation = _dataset(table, rows[1], self._parameters, self._training)

    def boost(self, model: str, finished: int, rounds: int, stops: Stops) -> tuple[str, Losses]:
        """Return the model after more rounds, and the losses of these.

        finished: the rounds of the model so far. stops: whether training stops before the last round, given the
        validation losses of these rounds so far.
        """
        measured: dict[str, dict[str, list[float]]] = {}
        booster = lgb.train(
            {**self._parameters, "seed": self._options.seed + finished},
            self._training,
            num_boost_round=rounds,
            init_model=lgb.Booster(model_str=model) if model else None,
            valid_sets=[self._training, self._validation],
            valid_names=["training", "validation"],
            callbacks=[lgb.record_evaluation(measured), _stop_if(measured, stops)],
        )
        training, validation = (next(iter(measured[part].values())) for part in ("training", "validation"))
        return booster.model_to_string(num_iteration=-1), tuple(zip(training, validation, strict=True))


def _stop_if(measured: dict[str, dict[str, list[float]]], stops: Stops) -> Callable[[Any], None]:
    """Return a callback of LightGBM that stops training. measured: the losses so far."""

    def check(state: Any) -> None:
        if stops(next(iter(measured["validation"].values()))):
            raise lgb.callback.EarlyStopException(state.iteration, state.evaluation_result_list)

    check.order = 100  # type: ignore[attr-defined] # after the callback that fills `measured`
    return check


def _dataset(
    table: Table, rows: np.ndarray, parameters: dict[str, Any], reference: lgb.Dataset | None = None
) -> lgb.Dataset:
    return lgb.Dataset(
        table.columns.iloc[rows],
        table.labels[rows],
        reference=reference,
        params=parameters,
        free_raw_data=False,
    )


def _parameters(table: Table, options: argparse.Namespace) -> dict[str, Any]:
    classes = {"num_class": len(table.classes)} if table.task == "multiclass" else {}
    return {
        "objective": table.task,
        "metric": _METRICS[table.task],
        **classes,
        "learning_rate": options.learning_rate,
        "num_leaves": options.leaves,
        "min_data_in_leaf": options.leaf_rows,
        "bagging_fraction": options.row_share,
        "bagging_freq": int(options.row_share < 1),
        "feature_fraction": options.column_share,
        "data_random_seed": options.seed,
        "num_threads": options.threads,
        "deterministic": True,
        "force_row_wise": True,  # otherwise LightGBM measures which way is faster, and sums in another order
        "verbosity": -1,
    }
