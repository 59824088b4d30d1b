"""The recipe's settings and its hooks: dataset, compute target, environment and model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import dressage_mnist as mnist
from dressage import ComputeTarget, DatasetFolder, Environment, FileDataset, Model, hookimpl, setting
from dressage_training_scripts import describe_arguments, describe_script

_REQUIREMENTS = Path(__file__).parent / "requirements.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    data: str = setting(
        "digits", help="digits (1,797 images included in this package), mnist, or a path or URL of IDX files"
    )
    estimator: Literal["svm", "logistic"] = setting(
        "svm", help="svm: support vectors with an RBF kernel; logistic: logistic regression"
    )
    c: float = setting(
        5.0, help="scikit-learn's C: smaller values regularize more", minimum=1e-6, maximum=1e6
    )
    folds: int | None = setting(
        5, help="parts of the training images for cross-validation; none to skip it", minimum=2, maximum=100
    )
    seed: int = setting(
        1, help="seed of the parts; the fit itself has no randomness", minimum=0, maximum=2**32 - 1
    )
    vm_size: str = setting("Standard_DS3_v2", help="machine size, on platforms that have sizes")
    max_nodes: int = setting(4, help="maximum number of machines, on platforms that have clusters", minimum=1)
    slots: int = setting(2, help="number of runs at a time on one machine", minimum=1)


@hookimpl
def settings() -> type:
    return Settings


@hookimpl
def dataset(settings: Settings) -> FileDataset:
    return mnist.describe_dataset(settings.data)


@hookimpl
def compute(settings: Settings) -> ComputeTarget:
    return ComputeTarget(
        name="cpu-cluster", size=settings.vm_size, max_nodes=settings.max_nodes, slots=settings.slots
    )


@hookimpl
def environment() -> Environment:
    return Environment(name="sklearn-env", requirements=_REQUIREMENTS.read_text(encoding="utf-8"))


@hookimpl
def model(settings: Settings) -> Model:
    return mnist.describe_model(
        "sklearn-digits", "sklearn", describe_script("sklearn_digits", _arguments(settings))
    )


def _arguments(settings: Settings) -> tuple[str | DatasetFolder, ...]:
    options = {
        "--estimator": settings.estimator,
        "--c": settings.c,
        "--folds": settings.folds or 0,
        "--seed": settings.seed,
    }
    return describe_arguments(options)
