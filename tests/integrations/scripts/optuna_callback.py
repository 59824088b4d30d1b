"""Optuna: the MLflow callback of optuna-integration, a run for each trial."""

import optuna
from optuna_integration import MLflowCallback


def objective(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", -5, 5)
    kind = trial.suggest_categorical("kind", ["square", "absolute"])
    trial.set_user_attr("distance", abs(x - 2))
    return (x - 2) ** 2 if kind == "square" else abs(x - 2)


study = optuna.create_study(study_name="parabola", sampler=optuna.samplers.TPESampler(seed=0))
study.optimize(objective, n_trials=4, n_jobs=1, callbacks=[MLflowCallback(metric_name="loss")])
