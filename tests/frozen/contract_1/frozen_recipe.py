"""A recipe as it was written for contract 1: every hook, every kind of description."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dressage import (
    ComputeTarget,
    DatasetFolder,
    Distribution,
    Environment,
    FileDataset,
    Model,
    PrimaryMetric,
    Script,
    SettingsError,
    Source,
    hookimpl,
    setting,
)

DRESSAGE_CONTRACT = 1
HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Settings:
    rate: float = setting(0.1, help="learning rate", minimum=0, maximum=10)
    mode: Literal["fast", "full"] = setting("full", help="how long to train")
    name: str | None = setting(None, help="name of the model")
    strict: bool = setting(False, help="refuse a rate above 1")


@hookimpl
def settings():
    return Settings


@hookimpl
def dataset(settings):
    if settings.strict and settings.rate > 1:
        raise SettingsError(f"rate is {settings.rate}; give at most 1")
    source = Source(path="rows.csv", addresses=(str(HERE / "rows.csv"),))
    return {"rows": FileDataset(name="frozen-rows", sources=(source,))}


@hookimpl
def compute(settings):
    return ComputeTarget(name="frozen-desk", max_nodes=4, slots=2, time_limit_s=600)


@hookimpl
def environment(settings, compute):
    return Environment(name="frozen-env", variables={"ACCELERATOR": compute.accelerator or "any"})


@hookimpl
def model(settings, compute):
    return Model(
        name=settings.name or "frozen",
        framework="none",
        output_path="outputs/model",
        primary_metric=PrimaryMetric(name="loss", goal="minimize"),
        tags={"mode": settings.mode},
        script=Script(
            directory=HERE / "frozen_script",
            file="train.py",
            arguments=("--rows", DatasetFolder(name="rows"), "--rate", str(settings.rate)),
            checkpoint_path="outputs/checkpoints",
            distribution=Distribution(nodes=1, processes_per_node=1),
        ),
    )


@hookimpl
def tags(settings):
    return {"mode": settings.mode}
