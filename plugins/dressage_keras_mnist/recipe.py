"""The recipe's settings and its hooks: dataset, compute target, environment and model."""

from dataclasses import dataclass
from typing import Literal

import dressage_mnist as mnist
from dressage import ComputeTarget, Environment, FileDataset, Model, Script, hookimpl, setting
from dressage_keras_mnist import environments
from dressage_training_scripts import describe_script, find_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(mnist.Settings):
    profile: Literal["current", "article"] = setting(
        "current", help="current: today's Keras; article: the Keras of the article of 2020"
    )
    backend: Literal["tensorflow", "jax"] = setting("tensorflow", help="Keras backend")


@hookimpl
def settings() -> type:
    return Settings


@hookimpl
def dataset(settings: Settings) -> FileDataset:
    return mnist.describe_dataset(settings.data)


@hookimpl
def compute(settings: Settings) -> ComputeTarget:
    return mnist.describe_compute(settings)


@hookimpl
def environment(settings: Settings, compute: ComputeTarget) -> Environment:
    if settings.profile == "article":
        return environments.article()
    return environments.current(settings.backend, compute)


@hookimpl
def model(settings: Settings) -> Model:
    return mnist.describe_model("keras-mnist", "keras", _describe_script(settings))


def _describe_script(settings: Settings) -> Script:
    arguments = mnist.script_arguments(settings)
    if settings.profile == "article":
        folder = find_folder() / "keras_mnist_article"
        return Script(directory=folder, file="keras_mnist.py", arguments=arguments)
    return describe_script("keras_mnist", arguments)
