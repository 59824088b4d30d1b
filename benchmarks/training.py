"""Compare keras-mnist with the article's training script: seconds per epoch on MNIST, and accuracy.

    uv run benchmarks/training.py --data-folder DIR

DIR contains MNIST's four files, gzipped (`dressage datasets download mnist-dataset`). Both scripts run in turns, in
the environment of a local run. The time of an epoch is the difference between a long and a short training, divided
by the difference in epochs: this leaves out startup, loading and compilation.
"""

import argparse
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from measuring import describe_machine, medians

import dressage_keras_mnist as recipe
from dressage import ComputeTarget
from dressage.environments.uv_environments import UvEnvironments

PROFILES = {"keras-mnist": "current", "the article's": "article"}
FEW, MANY = 1, 6


def main() -> None:
    options = parse_arguments()
    print(describe_machine())
    with tempfile.TemporaryDirectory() as folder:
        python = build_interpreter(Path(folder), options.backend)
        times = measure_epochs(python, Path(folder), options)
        accuracies = {
            profile: measure_accuracy(python, Path(folder), profile, options) for profile in PROFILES
        }
    for profile, seconds in times.items():
        print(f"{profile:14} {seconds:6.2f} s per epoch   accuracy after 20 epochs {accuracies[profile]:.4f}")
    ratio = times["the article's"] / times["keras-mnist"]
    print(f"{ratio:.1f} times as fast, on {options.backend}; expected: at least 2.5")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-folder", type=Path, required=True)
    parser.add_argument("--backend", choices=("tensorflow", "jax"), default="tensorflow")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def build_interpreter(folder: Path, backend: str) -> Path:
    """Build the recipe's environment and return its interpreter."""
    environment = recipe.environment(
        settings=recipe.settings()(backend=backend), compute=ComputeTarget(name="local", accelerator="cpu")
    )
    environments = UvEnvironments(folder)
    return environments.interpreter(environments.ensure(environment, lambda *_: None).key)


def measure_epochs(python: Path, folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Return the seconds per epoch of each profile."""
    actions = {
        f"{profile} {count}": training(python, folder, profile, count, options)
        for profile in PROFILES
        for count in (FEW, MANY)
    }
    times = medians(actions, options.rounds)
    return {
        profile: (times[f"{profile} {MANY}"] - times[f"{profile} {FEW}"]) / (MANY - FEW)
        for profile in PROFILES
    }


def measure_accuracy(python: Path, folder: Path, profile: str, options: argparse.Namespace) -> float:
    """Train 20 epochs and return the final accuracy."""
    output = training(python, folder, profile, 20, options)()
    match = re.search(r"final test accuracy ([\d.]+)", output)
    assert match, output
    return float(match[1])


def training(
    python: Path, folder: Path, profile: str, count: int, options: argparse.Namespace
) -> Callable[[], str]:
    """Return a function that trains for `count` epochs and returns the script's output."""
    model = recipe.model(settings=recipe.settings()(profile=PROFILES[profile]))
    script = model.script
    command = [*script.program(str(python)), "--data-folder", options.data_folder.absolute()]
    environ = {**os.environ, "KERAS_BACKEND": options.backend, "TF_CPP_MIN_LOG_LEVEL": "2"}
    folder = folder / profile
    shutil.copytree(script.directory, folder, dirs_exist_ok=True)

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
