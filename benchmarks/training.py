"""keras-mnist against the article's own way of training: seconds an epoch on the real MNIST, and the accuracy.

    uv run benchmarks/training.py --data-folder DIR

DIR holds MNIST's four files, gzipped (`dressage datasets download mnist-dataset`). Both ways train in the same
environment, built as for a run, and take turns. An epoch's time is what a longer training takes more than a
shorter one, by epochs: starting, loading and compiling cost both the same, once.
"""

import argparse
import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from measuring import machine, medians

import dressage_keras_mnist as recipe
from dressage import ComputeTarget, Engine

WAYS = {"keras-mnist": "current", "the article's": "article"}
FEW, MANY = 1, 6


def main() -> None:
    options = arguments()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        python = interpreter(Path(folder), options.backend)
        took = epochs(python, Path(folder), options)
        accuracies = {way: accuracy(python, Path(folder), way, options) for way in WAYS}
    for way, seconds in took.items():
        print(f"{way:14} {seconds:6.2f} s an epoch   accuracy after 20 epochs {accuracies[way]:.4f}")
    ratio = took["the article's"] / took["keras-mnist"]
    print(f"{ratio:.1f} times as fast, on {options.backend}; at least 2.5")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-folder", type=Path, required=True)
    parser.add_argument("--backend", choices=("tensorflow", "jax"), default="tensorflow")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def interpreter(folder: Path, backend: str) -> Path:
    """Python in the recipe's environment."""
    described = recipe.environment(
        settings=recipe.settings()(backend=backend), compute=ComputeTarget(name="here", accelerator="cpu")
    )
    environments = Engine(folder).platform("local").environments
    return environments.interpreter(environments.ensure(described, lambda *_: None).key)


def epochs(python: Path, folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Seconds an epoch, by way."""
    actions = {
        f"{way} {count}": training(python, folder, way, count, options)
        for way in WAYS
        for count in (FEW, MANY)
    }
    took = medians(actions, options.rounds)
    return {way: (took[f"{way} {MANY}"] - took[f"{way} {FEW}"]) / (MANY - FEW) for way in WAYS}


def accuracy(python: Path, folder: Path, way: str, options: argparse.Namespace) -> float:
    told = training(python, folder, way, 20, options)()
    found = re.search(r"final test accuracy ([\d.]+)", told)
    assert found, told
    return float(found[1])


def training(
    python: Path, folder: Path, way: str, count: int, options: argparse.Namespace
) -> Callable[[], str]:
    model = recipe.model(settings=recipe.settings()(profile=WAYS[way]))
    command = [python, model.directory / model.script, "--data-folder", options.data_folder.absolute()]
    environ = {**os.environ, "KERAS_BACKEND": options.backend, "TF_CPP_MIN_LOG_LEVEL": "2"}

    def run() -> str:
        return subprocess.run(
            [*command, "--epochs", str(count)],
            cwd=folder,
            env=environ,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ).stdout

    return run


if __name__ == "__main__":
    main()
