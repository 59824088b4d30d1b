"""A complete recipe."""

from dataclasses import dataclass
from pathlib import Path

from dressage import (
    ComputeTarget,
    DatasetFolder,
    Environment,
    FileDataset,
    Model,
    Script,
    Source,
    hookimpl,
    setting,
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    rate: float = setting(0.1, help="learning rate")


@hookimpl
def settings():
    return Settings


@hookimpl
def dataset():
    source = Source(path="a.csv", addresses=(str(Path("a.csv").absolute()),))
    return FileDataset(name="numbers", sources=(source,))


@hookimpl
def compute():
    return ComputeTarget(name="desk")


@hookimpl
def environment():
    return Environment(name="here")


@hookimpl
def model(settings):
    arguments = (DatasetFolder(), str(settings.rate))
    script = Script(directory=Path("source").absolute(), file="fit.py", arguments=arguments)
    return Model(name="fitted", script=script)


@hookimpl
def tags():
    return {"by": "plain"}
