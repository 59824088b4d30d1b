"""Train a classifier of scikit-learn on handwritten digits.

    python -m sklearn_digits --data-folder DIR

Start it in the folder of this package and of `shared`, or with that folder on PYTHONPATH. DIR contains the four files
of MNIST, or your own digits in the same format. The model is saved to outputs/model. Metrics are printed, and
recorded with MLflow if MLFLOW_TRACKING_URI is set.

There are no checkpoints: a fit cannot be interrupted and continued. A run that is resumed starts again, and ends with
the same bytes.
"""

import argparse
import sys
from pathlib import Path

from shared.command_line import parse_seed, run


def main() -> int:
    options = build_parser().parse_args()

    def train() -> None:
        from sklearn_digits.training import train

        train(options)

    return run(train)


def build_parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m sklearn_digits",
        description="Train a classifier of scikit-learn on handwritten digits.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    options.add_argument("--data-folder", type=Path, required=True, help="folder of the four IDX files")
    options.add_argument(
        "--estimator",
        choices=("svm", "logistic"),
        default="svm",
        help="support vectors, or logistic regression",
    )
    options.add_argument("--c", type=float, default=5.0, help="C: smaller values regularize more")
    options.add_argument(
        "--folds",
        type=int,
        default=5,
        help="parts of the training images for cross-validation; 0 for none",
    )
    options.add_argument("--seed", type=parse_seed, default=1, help="seed of the parts")
    return options


if __name__ == "__main__":
    sys.exit(main())
