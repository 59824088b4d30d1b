"""Cross-validate on the training images, fit on all of them, and test on the test images."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from shared.digits import Digits, load
from shared.problems import InputError
from shared.recording import Recorder, open_recorder

OUTPUTS = Path("outputs")


def train(options: argparse.Namespace) -> None:
    """Train, and save the model. Raises InputError."""
    training, test = load(options.data_folder, "train"), load(options.data_folder, "t10k")
    _check(options, training)

    # Imported here because scikit-learn takes a second to load: invalid input is reported before that.
    import sklearn

    from sklearn_digits.estimators import build
    from sklearn_digits.figures import draw_confusion
    from sklearn_digits.model_files import save

    print(
        f"{len(training.labels)} training and {len(test.labels)} test images, scikit-learn"
        f" {sklearn.__version__}, {options.estimator}",
        flush=True,
    )
    with open_recorder() as recorder:
        recorder.log_parameters(_parameters(options, training, test))
        if options.folds:
            _cross_validate(options, training, recorder)
        model = build(options).fit(training.images, training.labels)
        predicted = model.predict(test.images)
        accuracy = float(np.mean(predicted == test.labels))
        save(model, options.estimator, OUTPUTS / "model")
        recorder.log_metrics({"Final test accuracy": accuracy}, options.folds)
        recorder.log_figure(draw_confusion(test.labels, predicted), "Confusion matrix.png")
    print(f"final test accuracy {accuracy:.4f}", flush=True)


def _cross_validate(options: argparse.Namespace, training: Digits, recorder: Recorder) -> None:
    """Fit once for each part of the images, without it, and record the accuracy on it."""
    from sklearn_digits.estimators import build

    accuracies: list[float] = []
    for fold, (chosen, left_out) in enumerate(_parts(options, training), start=1):
        model = build(options).fit(training.images[chosen], training.labels[chosen])
        accuracies.append(float(model.score(training.images[left_out], training.labels[left_out])))
        recorder.log_metrics({"Fold accuracy": accuracies[-1]}, fold)
        print(f"fold {fold}/{options.folds}  accuracy {accuracies[-1]:.4f}", flush=True)
    mean, deviation = float(np.mean(accuracies)), float(np.std(accuracies))
    recorder.log_metrics(
        {"Cross-validation accuracy": mean, "Cross-validation deviation": deviation}, options.folds
    )
    print(f"cross-validation accuracy {mean:.4f}, standard deviation {deviation:.4f}", flush=True)


def _parts(options: argparse.Namespace, training: Digits) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import StratifiedKFold

    parts = StratifiedKFold(options.folds, shuffle=True, random_state=options.seed)
    yield from parts.split(training.images, training.labels)


def _check(options: argparse.Namespace, training: Digits) -> None:
    """Raise InputError for options that do not fit the images."""
    if not 0 < options.c < float("inf"):
        raise InputError(f"c is {options.c}; give a number above 0")
    folds = options.folds
    counts = np.unique(training.labels, return_counts=True)[1]
    if len(counts) < 2:
        raise InputError("all training images have the same label; give images of at least two digits")
    if folds and not 2 <= folds <= counts.min():
        raise InputError(
            f"folds is {folds}, but the rarest digit has {counts.min()} images; give 2 to {counts.min()}"
        )


def _parameters(options: argparse.Namespace, training: Digits, test: Digits) -> dict[str, Any]:
    return {
        "estimator": options.estimator,
        "c": options.c,
        "folds": options.folds,
        "seed": options.seed,
        "training_data": training.digest,
        "test_data": test.digest,
    }
