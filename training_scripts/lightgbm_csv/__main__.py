"""Train gradient-boosted trees with LightGBM on a CSV file.

    python -m lightgbm_csv --data-folder DIR

Start it in the folder of this package and of `shared`, or with that folder on PYTHONPATH. DIR contains one CSV
file in UTF-8, with commas, compressed with gzip or not; its first line is the header. The model is saved to
outputs/model, checkpoints to outputs/checkpoints. Metrics are printed, and recorded with MLflow if
MLFLOW_TRACKING_URI is set.

The same file, arguments and version of LightGBM give the same bytes, even if training is killed and resumed.
"""

import argparse
import sys
from pathlib import Path

from shared.command_line import parse_positive, parse_seed, run


def main() -> int:
    options = build_parser().parse_args()

    def train() -> None:
        from lightgbm_csv.training import train

        train(options)

    return run(train)


def build_parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m lightgbm_csv",
        description="Train gradient-boosted trees on a CSV file.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    add = options.add_argument
    add("--data-folder", type=Path, required=True, help="folder of the CSV file")
    add("--target", help="name of the column to predict; without it, the last one")
    add(
        "--task",
        choices=("auto", "regression", "binary", "multiclass"),
        default="auto",
        help="what to predict",
    )
    add(
        "--rounds", type=parse_positive, default=200, help="maximum number of trees, per class for multiclass"
    )
    add("--learning-rate", type=parse_share, default=0.1, help="share of each tree that is added")
    add("--leaves", type=parse_positive, default=31, help="maximum number of leaves of a tree")
    add("--leaf-rows", type=parse_positive, default=20, help="minimum number of rows in a leaf")
    add("--row-share", type=parse_share, default=1.0, help="share of the rows that each tree sees")
    add("--column-share", type=parse_share, default=1.0, help="share of the columns that each tree sees")
    add("--validation-share", type=parse_share, default=0.2, help="share of the rows for validation")
    add(
        "--early-stopping",
        type=parse_seed,
        default=20,
        help="rounds without a better validation loss; 0: never",
    )
    add("--checkpoint-rounds", type=parse_positive, default=50, help="rounds between two checkpoints")
    add("--threads", type=parse_seed, default=0, help="number of threads; 0: one per core")
    add("--seed", type=parse_seed, default=1, help="seed of the validation rows and of what trees see")
    return options


def parse_share(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0, up to 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
