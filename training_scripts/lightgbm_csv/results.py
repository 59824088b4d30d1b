"""Score the trained model, and save it: model.txt for LightGBM, and model.json with what is needed to use it."""

import json
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from lightgbm_csv.tables import Table
from shared.recording import Recorder

_FOLDER = Path("outputs/model")
_MOST_BARS = 20


def finish(model: str, best: int, loss: float, table: Table, rows: np.ndarray, recorder: Recorder) -> None:
    """Save the trees up to the best round, and record their score.

    loss: of the best round on the validation rows. rows: the numbers of these.
    """
    booster = lgb.Booster(model_str=lgb.Booster(model_str=model).model_to_string(num_iteration=best))
    score = _score(booster, table, rows)
    _FOLDER.mkdir(parents=True, exist_ok=True)
    (_FOLDER / "model.txt").write_text(booster.model_to_string(), encoding="utf-8")
    (_FOLDER / "model.json").write_text(json.dumps(_about(table), indent=2), encoding="utf-8")
    final = {"Final validation loss": loss, "Final validation score": score, "Best round": best}
    recorder.log_metrics(final, best)
    recorder.log_figure(_draw_importance(booster, table), "Feature importance.png")
    print(
        f"best round {best}, final validation loss {loss:.6g}, final validation score {score:.4f}", flush=True
    )


def _score(booster: lgb.Booster, table: Table, rows: np.ndarray) -> float:
    """Return the accuracy; for regression, the share of the variance that is explained (R²)."""
    predicted = np.asarray(booster.predict(table.columns.iloc[rows]))
    labels = table.labels[rows]
    if table.task == "regression":
        variance = float(np.sum((labels - labels.mean()) ** 2))
        return 1 - float(np.sum((labels - predicted) ** 2)) / variance if variance else 0.0
    chosen = predicted.argmax(axis=1) if table.task == "multiclass" else predicted > 0.5
    return float(np.mean(chosen == labels))


def _about(table: Table) -> dict[str, Any]:
    """Return what the model predicts, and from which columns, by their names in the model."""
    return {
        "task": table.task,
        "target": table.target,
        "classes": list(table.classes),
        "columns": table.names,
        "lightgbm": lgb.__version__,
    }


def _draw_importance(booster: lgb.Booster, table: Table) -> Any:
    """Return a figure of the columns that reduce the loss most, in all trees together."""
    # Not pyplot: it looks for a display, and importing it takes a second.
    from matplotlib.figure import Figure

    gains = zip(booster.feature_importance("gain"), booster.feature_name(), strict=True)
    shown = sorted(gains, key=lambda gain: gain[0])[-_MOST_BARS:]
    figure = Figure(figsize=(6, 1 + 0.3 * len(shown)), layout="constrained")
    axes = figure.subplots()
    axes.barh([table.names[name] for _, name in shown], [gain for gain, _ in shown])
    axes.set(title=f"Feature importance for {table.target}", xlabel="total gain")
    return figure
