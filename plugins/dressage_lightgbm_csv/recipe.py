"""The recipe's settings and its hooks: dataset, compute target, environment and model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dressage import (
    ComputeTarget,
    DatasetFolder,
    Environment,
    FileDataset,
    Model,
    PrimaryMetric,
    hookimpl,
    setting,
)
from dressage_lightgbm_csv.data import describe_dataset
from dressage_training_scripts import describe_arguments, describe_script

_REQUIREMENTS = Path(__file__).parent / "requirements.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    data: str = setting("", help="path or URL of a CSV file; its first line is the header. Required")
    target: str | None = setting(None, help="name of the column to predict; default: the last one")
    task: Literal["auto", "regression", "binary", "multiclass"] = setting(
        "auto", help="what to predict; auto: as the values of the target are"
    )
    model_name: str = setting("lightgbm-csv", help="name of the registered model")
    rounds: int = setting(200, help="maximum number of trees, per class for multiclass", minimum=1)
    learning_rate: float = setting(0.1, help="share of each tree that is added", minimum=1e-6, maximum=1)
    leaves: int = setting(31, help="maximum number of leaves of a tree", minimum=2, maximum=131072)
    leaf_rows: int = setting(20, help="minimum number of rows in a leaf", minimum=1)
    row_share: float = setting(1.0, help="share of the rows that each tree sees", minimum=0.01, maximum=1)
    column_share: float = setting(
        1.0, help="share of the columns that each tree sees", minimum=0.01, maximum=1
    )
    validation_share: float = setting(0.2, help="share of the rows for validation", minimum=0.01, maximum=0.9)
    early_stopping: int | None = setting(
        20, help="stop after this many rounds without a better validation loss; none: never", minimum=1
    )
    checkpoint_rounds: int = setting(50, help="number of rounds between two checkpoints", minimum=1)
    threads: int = setting(0, help="number of threads; 0: one per core", minimum=0)
    seed: int = setting(1, help="seed of the validation rows and of what trees see", minimum=0, maximum=2**30)
    vm_size: str = setting("Standard_DS3_v2", help="machine size, on platforms that have sizes")
    max_nodes: int = setting(4, help="maximum number of machines, on platforms that have clusters", minimum=1)
    slots: int = setting(1, help="number of runs at a time on one machine", minimum=1)


@hookimpl
def settings() -> type:
    return Settings


@hookimpl
def dataset(settings: Settings) -> FileDataset:
    return describe_dataset(settings.data)


@hookimpl
def compute(settings: Settings) -> ComputeTarget:
    return ComputeTarget(
        name="trees-cluster", size=settings.vm_size, max_nodes=settings.max_nodes, slots=settings.slots
    )


@hookimpl
def environment() -> Environment:
    return Environment(name="lightgbm-env", requirements=_REQUIREMENTS.read_text(encoding="utf-8"))


@hookimpl
def model(settings: Settings) -> Model:
    return Model(
        name=settings.model_name,
        framework="lightgbm",
        primary_metric=PrimaryMetric(name="Final validation score", goal="maximize"),
        script=describe_script("lightgbm_csv", _arguments(settings)),
    )


def _arguments(settings: Settings) -> tuple[str | DatasetFolder, ...]:
    options = {
        "--task": settings.task,
        "--rounds": settings.rounds,
        "--learning-rate": settings.learning_rate,
        "--leaves": settings.leaves,
        "--leaf-rows": settings.leaf_rows,
        "--row-share": settings.row_share,
        "--column-share": settings.column_share,
        "--validation-share": settings.validation_share,
        "--early-stopping": settings.early_stopping or 0,
        "--checkpoint-rounds": settings.checkpoint_rounds,
        "--threads": settings.threads,
        "--seed": settings.seed,
    }
    target = (f"--target={settings.target}",) if settings.target is not None else ()  # it may begin with "-"
    return (*describe_arguments(options), *target)
