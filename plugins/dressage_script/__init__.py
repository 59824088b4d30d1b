"""Run what people have already, without changes: `dressage run ./train.py -- --lr 0.1`.

A script, a module, a notebook, a shell script or any command. Entry point: script = "dressage_script".
"""

from collections.abc import Mapping

from dressage import (
    ComputeTarget,
    Environment,
    FileDataset,
    Model,
    RegisteredDataset,
    Script,
    SettingsError,
    hookimpl,
)
from dressage_script.environments import describe_environment
from dressage_script.inputs import place_inputs, read_inputs, split_inputs
from dressage_script.settings import Settings
from dressage_script.starting import find_below, find_start
from dressage_script.words import split

DRESSAGE_CONTRACT = 1


@hookimpl(specname="settings")
def declare_settings() -> type:
    return Settings


@hookimpl
def dataset(settings: Settings) -> Mapping[str, FileDataset | RegisteredDataset] | None:
    return read_inputs(settings.inputs) or None


@hookimpl
def compute(settings: Settings) -> ComputeTarget:
    return ComputeTarget(name=settings.compute, size=settings.size, slots=settings.slots)


@hookimpl
def environment(settings: Settings) -> Environment:
    return describe_environment(settings, find_start(settings))


@hookimpl
def model(settings: Settings) -> Model:
    words, start = split("arguments", settings.arguments), find_start(settings)
    script = Script(
        directory=start.root,
        file=start.file,
        module=start.module,
        command=start.command,
        name=start.name,
        arguments=place_inputs((*start.arguments, *words), split_inputs(settings.inputs)),
        include=settings.include,
        secret_files=find_below(start.root, settings.env_file),
    )
    name, _, path = (settings.model or "").partition("=")
    if settings.model is not None and not name:
        raise SettingsError(f"model {settings.model!r} has no name; write NAME or NAME=PATH")
    return Model(script=script, name=name or None, output_path=path or "outputs/model")
